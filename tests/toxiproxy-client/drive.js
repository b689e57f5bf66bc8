// Drives the API at argv[2] with npm's toxiproxy-node-client, in front of the service at
// argv[3] (host:port), and measures from outside what its toxics do.
"use strict";
const assert = require("assert");
const { Toxiproxy } = require("toxiproxy-node-client");

async function milliseconds(action) {
  const begin = process.hrtime.bigint();
  await action();
  return Number(process.hrtime.bigint() - begin) / 1e6;
}

async function main(api, upstream) {
  const server = new Toxiproxy(api);
  assert.match(await server.getVersion(), /^\{"version": ".+"\}\n$/);
  assert.deepStrictEqual(await server.getAll(), {});

  const proxy = await server.createProxy({ name: "shop", listen: "localhost:0", upstream });
  assert.match(proxy.listen, /^127\.0\.0\.1:[1-9][0-9]*$/);
  assert.strictEqual(proxy.enabled, true);
  const get = async () => {
    const answer = await fetch(`http://${proxy.listen}/health`, { signal: AbortSignal.timeout(10000) });
    assert.strictEqual(answer.status, 200);
    await answer.text();
  };
  await get();

  const toxic = await proxy.addToxic({
    name: "slow", type: "latency", stream: "downstream", toxicity: 1, attributes: { latency: 300, jitter: 0 },
  });
  assert.deepStrictEqual(toxic.toJson(), {
    attributes: { latency: 300, jitter: 0 }, name: "slow", stream: "downstream", toxicity: 1, type: "latency",
  });
  assert.ok((await milliseconds(get)) >= 300); // on the connection that was open, too
  const changed = await toxic.update({ attributes: { latency: 100, jitter: 0 }, toxicity: 1 });
  assert.strictEqual(changed.attributes.latency, 100);
  assert.ok((await milliseconds(get)) >= 100);
  assert.strictEqual((await proxy.getToxic("slow")).attributes.latency, 100);
  await changed.remove();
  await assert.rejects(proxy.getToxic("slow"), /404/);
  await get();

  await assert.rejects(server.createProxy({ name: "shop", listen: "localhost:0", upstream }), /409/);
  await assert.rejects(proxy.addToxic({ name: "x", type: "nope", stream: "downstream", toxicity: 1, attributes: {} }), /400/);
  await assert.rejects(server.get("nobody"), /404/);

  // Sends back all it knows, as tools do that toggle.
  const off = await proxy.update({ enabled: false, listen: proxy.listen, upstream });
  assert.strictEqual(off.enabled, false);
  await assert.rejects(get());
  await server.reset();
  assert.strictEqual((await server.get("shop")).enabled, true);
  await get();

  const all = await server.populate([
    { name: "shop", listen: proxy.listen, upstream, enabled: true },
    { name: "stock", listen: "localhost:0", upstream, enabled: true },
  ]);
  assert.deepStrictEqual(Object.keys(all), ["shop", "stock"]);
  assert.strictEqual(all.shop.listen, proxy.listen);
  for (const each of Object.values(await server.getAll())) await each.remove();
  assert.deepStrictEqual(await server.getAll(), {});
  console.log("driven");
}

main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(error);
  process.exit(1);
});
