// Asks one of Node's clients, one request a line. See ../../probe.rs for the lines.
//
// An answer of any kind is as good as another: who saw the request is what counts, and a client
// that throws after that is not in error.

import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const patience = () => AbortSignal.timeout(10_000);

/** The version in a package's own manifest, which not every package exports. */
const manifest = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

/** Waits for the answer of Node's own client. */
const got = (url, agent) =>
  new Promise((resolve, reject) => {
    const { get } = url.startsWith("https:") ? https : http;
    const request = get(url, { agent, signal: patience() }, (response) => {
      response.resume().on("end", resolve).on("error", reject);
    });
    request.on("error", reject);
  });

const undici = (name) => () => {
  const { EnvHttpProxyAgent, request } = require(name);
  const ask = async (url) => {
    const dispatcher = new EnvHttpProxyAgent();
    try {
      await (await request(url, { dispatcher, signal: patience() })).body.dump();
    } finally {
      await dispatcher.destroy();
    }
  };
  return [manifest(name), ask];
};

// Only the decision: what uses it makes its request by other means.
const proxyFromEnv = (name) => async () => {
  const { getProxyForUrl } = await import(name);
  return [manifest(name), (url) => (getProxyForUrl(url) ? "proxy" : "direct")];
};

const clients = {
  undici6: undici("undici6"),
  undici7: undici("undici7"),
  undici8: undici("undici8"),
  "proxy-from-env": proxyFromEnv("proxy-from-env"),
  "proxy-from-env1": proxyFromEnv("proxy-from-env1"),

  "node-http": () => {
    // What NODE_USE_ENV_PROXY makes of the environment at start, made anew each time.
    const ask = async (url) => {
      const { Agent } = url.startsWith("https:") ? https : http;
      const agent = new Agent({ proxyEnv: process.env });
      await got(url, agent).finally(() => agent.destroy());
    };
    return [process.versions.node, ask];
  },

  // It reads the proxies at start, and NO_PROXY again whenever that has changed.
  "node-fetch": () => {
    const ask = async (url) => (await fetch(url, { signal: patience() })).arrayBuffer();
    return [process.versions.node, ask];
  },

  axios: () => {
    const axios = require("axios");
    return [manifest("axios"), (url) => axios.get(url, { signal: patience() })];
  },

  gaxios: async () => {
    const { Gaxios } = await import("gaxios");
    const ask = (url) => new Gaxios().request({ url, retry: false, signal: patience() });
    return [manifest("gaxios"), ask];
  },

  "azure-core-rest-pipeline": () => {
    const name = "@azure/core-rest-pipeline";
    const ask = async (url) => {
      // It reads the environment once, and remembers its decision for each host.
      for (const path of Object.keys(require.cache)) {
        if (/[\\/](@azure|@typespec)[\\/]/.test(path)) delete require.cache[path];
      }
      const azure = require(name);
      const pipeline = azure.createEmptyPipeline();
      pipeline.addPolicy(azure.proxyPolicy());
      const allowInsecureConnection = true;
      const request = azure.createPipelineRequest({ url, allowInsecureConnection, abortSignal: patience() });
      await pipeline.sendRequest(azure.createDefaultHttpClient(), request);
    };
    return [manifest(name), ask];
  },

  "actions-http-client": async () => {
    const name = "@actions/http-client";
    const { HttpClient } = await import(name);
    const ask = async (url) => {
      const client = new HttpClient("probe", [], { allowRetries: false, socketTimeout: 10_000 });
      await client.get(url).finally(() => client.dispose());
    };
    return [manifest(name), ask];
  },

  "grpc-js": () => {
    const grpc = require("@grpc/grpc-js");
    const same = (bytes) => bytes;
    const ask = (url) =>
      new Promise((resolve, reject) => {
        // As written: a URL's parser would change it.
        const authority = url.split("/")[2].split("@").at(-1);
        const target = `dns:///${authority}${/:\d+$/.test(authority) ? "" : ":80"}`;
        // Else a connection would outlive its case, and serve another.
        const options = { "grpc.use_local_subchannel_pool": 1 };
        const client = new grpc.Client(target, grpc.credentials.createInsecure(), options);
        const deadline = Date.now() + 10_000;
        client.makeUnaryRequest("/a/b", same, same, Buffer.alloc(0), { deadline }, (error) => {
          client.close();
          error ? reject(error) : resolve();
        });
      });
    return [manifest("@grpc/grpc-js"), ask];
  },
};

const put = (name, field) => {
  if (field.startsWith("=")) process.env[name] = field.slice(1).replaceAll("\\n", "\n");
  else delete process.env[name];
};

// What a client prints is no answer to the harness.
const answer = (...fields) => process.stdout.write(`${fields.join("\t")}\n`);
console.log = console.info = console.error;

const [version, ask] = await clients[process.argv[2]]();
answer("version", version);
for await (const line of createInterface({ input: process.stdin })) {
  const [number, url, upper, lower] = line.split("\t");
  put("NO_PROXY", upper);
  put("no_proxy", lower);
  try {
    const said = await ask(url);
    answer(number, typeof said === "string" ? said : "ok", "");
  } catch (error) {
    answer(number, "error", `${error?.name}: ${error?.message}`.replaceAll(/\s+/g, " "));
  }
}
process.exit(0);
