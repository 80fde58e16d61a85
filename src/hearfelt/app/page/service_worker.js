// Keeps the files of a static page in the browser, so that it opens without a network. `hearfelt page` writes this file to
// the root of its folder and puts VERSION (changes with any file) and FILES (path -> whether it is large) before it.
/* global VERSION, FILES */

const ROOT = new URL("./", self.location).href;
const OURS = `hearfelt ${ROOT} `; // another folder of the same server may hold another page
const NAME = OURS + VERSION;
// A worker's script carries its own policy, which a plain server does not send: it may load from here and nowhere else.
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

self.addEventListener("install", (event) => {
  // Large files are kept when they are first asked for, which is at once: nothing is fetched twice.
  const small = Object.keys(FILES).filter((path) => !FILES[path]);
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => cache.addAll(small.map((path) => new Request(new URL(path, ROOT), { cache: "no-cache" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith(OURS) && name !== NAME))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(ROOT)) return;
  const path = decodeURI(request.url.slice(ROOT.length).replace(/[?#].*$/, "")) || "index.html";
  if (path in FILES) event.respondWith(answer(event, path));
});

async function answer(event, path) {
  const cache = await caches.open(NAME);
  const key = new URL(path, ROOT).href;
  let response = await cache.match(key);
  if (!response) {
    response = await fetch(event.request);
    if (response.status === 200) event.waitUntil(cache.put(key, response.clone()));
  }
  if (event.request.destination !== "worker") return response;
  const headers = new Headers(response.headers);
  headers.set("Content-Security-Policy", POLICY);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
