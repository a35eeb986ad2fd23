# Asks net/http, one request a line. See ../../probe.rs for the lines.

require "net/http"

def ask(url)
  uri = URI(url)
  options = { use_ssl: uri.scheme == "https", open_timeout: 10, read_timeout: 10, max_retries: 0 }
  Net::HTTP.start(uri.hostname, uri.port, **options) { |http| http.request_get(uri.request_uri) }
end

def put(name, field)
  ENV[name] = field.start_with?("=") ? field[1..].gsub('\n', "\n") : nil
end

$stdout.sync = true
puts "version\t#{RUBY_VERSION}"
while (line = $stdin.gets(chomp: true))
  number, url, upper, lower = line.split("\t")
  put("NO_PROXY", upper)
  put("no_proxy", lower)
  begin
    ask(url)
    puts "#{number}\tok\t"
  rescue StandardError => error
    puts "#{number}\terror\t#{error.class}: #{error.message.split.join(" ")}"
  end
end
