"""A thousand calls that change toxics and reset them, at the API argv[1], while a load runs
through the proxy 'shop' at argv[2] and somebody does not read: says whether calls took
more than 100 ms (a busy machine may hold up five), and whether the load got its answers."""
import http.client
import socket
import sys
import threading
import time

api, proxy = sys.argv[1].removeprefix("http://"), sys.argv[2]
stop, whole, broken = threading.Event(), [0], [0]

stalled = socket.create_connection(proxy.rsplit(":", 1))
for _ in range(200):
    stalled.sendall(b"GET /items HTTP/1.1\r\nHost: x\r\n\r\n")


def load():
    while not stop.is_set():
        connection = http.client.HTTPConnection(proxy, timeout=20)
        try:
            for _ in range(20):
                connection.request("GET", "/health")
                response = connection.getresponse()
                response.read()
                whole[0] += response.status == 200
        except Exception:
            broken[0] += 1
        connection.close()


threads = [threading.Thread(target=load) for _ in range(4)]
for thread in threads:
    thread.start()
client, slow = http.client.HTTPConnection(api, timeout=20), 0
for i in range(334):
    for method, path, body, good in (
        ("POST", "/proxies/shop/toxics", '{"type":"latency","name":"t%d","attributes":{"latency":1}}' % i, 200),
        ("DELETE", "/proxies/shop/toxics/t%d" % i, None, 204),
        ("POST", "/reset", None, 204),
    ):
        begin = time.monotonic()
        client.request(method, path, body)
        response = client.getresponse()
        response.read()
        slow += time.monotonic() - begin > 0.1
        assert response.status == good, (method, path, response.status)
stop.set()
for thread in threads:
    thread.join()
print(f"{slow if slow > 5 else 'none'} slow, {broken[0]} broken, {'many' if whole[0] > 100 else whole[0]} whole")
