import socket
import ssl
import sys

proxy, host, port, sni, ca = sys.argv[1:]
proxy_host, proxy_port = proxy.rsplit(":", 1)
stream = socket.create_connection((proxy_host, int(proxy_port)), timeout=20)
stream.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
head = b""
while not head.endswith(b"\r\n\r\n"):
    head += stream.recv(1)
assert b" 200 " in head.split(b"\r\n")[0], head
context = ssl.create_default_context(cafile=ca)
name = sni
if sni == "-":
    # For an address, Python names nobody, and checks the address all the same.
    name = host if host[0].isdigit() else None
    context.check_hostname = name is not None
with context.wrap_socket(stream, server_hostname=name) as tls:
    tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
    while data := tls.recv(4096):
        sys.stdout.write(data.decode())
