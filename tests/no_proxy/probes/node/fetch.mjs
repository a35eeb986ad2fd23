// Fetches one URL with the `fetch` that is built in, which may read the environment at start only.
const response = await fetch(process.argv[2], { signal: AbortSignal.timeout(10_000) });
await response.arrayBuffer();
