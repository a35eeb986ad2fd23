// Fetches one URL with Java's own client. The environment of a process cannot be changed in it.

import java.net.HttpURLConnection;
import java.net.URI;

class Probe {
    public static void main(String[] args) throws Exception {
        var connection = (HttpURLConnection) URI.create(args[0]).toURL().openConnection();
        connection.setConnectTimeout(10_000);
        connection.setReadTimeout(10_000);
        connection.getResponseCode();
    }
}
