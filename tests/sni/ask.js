const [proxy, host, port, sni, ca] = process.argv.slice(-5);
const [proxyHost, proxyPort] = proxy.split(":");
const fail = (error) => {
  console.error(error);
  process.exit(1);
};
const request = require("http").request({
  host: proxyHost,
  port: proxyPort,
  method: "CONNECT",
  path: `${host}:${port}`,
});
request.on("error", fail);
request.on("connect", (response, socket) => {
  if (response.statusCode !== 200) fail(response.statusCode);
  const options = { socket, ca: require("fs").readFileSync(ca), host };
  if (sni !== "-") options.servername = sni;
  // Without a name there is none to check.
  else options.checkServerIdentity = () => undefined;
  const tls = require("tls").connect(options, () => tls.write("GET / HTTP/1.0\r\n\r\n"));
  tls.on("error", fail);
  tls.on("data", (data) => process.stdout.write(data));
  tls.on("end", () => process.exit(0));
});
request.end();
