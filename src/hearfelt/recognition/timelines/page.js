"use strict";
(() => {
  const data = JSON.parse(document.getElementById("timeline-data").textContent);
  const byId = (id) => document.getElementById(id);
  const audio = byId("sound"), canvas = byId("tracks"), ctx = canvas.getContext("2d");
  const now = byId("now"), scroll = byId("scroll"), play = byId("play");
  const rows = [...document.querySelectorAll("button[data-start]")];
  const duration = Math.max(data.duration, 0.001);
  const least = Math.min(duration, 2);
  const WAVE = 64, PICTURE = 92, RIBBON = 30, STACK = 110, CAPTION = 19, AXIS = 26;
  let from = 0, to = duration, cursor = 0, stopAt = null, width = 0, ratio = 1, printing = false, still = null;

  const clock = (seconds, digits) => {
    const unit = 10 ** digits, whole = Math.round(seconds * unit);
    const rest = Math.floor(whole / unit), pad = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(rest / 3600), minutes = Math.floor(rest / 60) % 60;
    const tail = digits ? "." + String(whole % unit).padStart(digits, "0") : "";
    return (hours ? hours + ":" + pad(minutes) : String(minutes)) + ":" + pad(rest % 60) + tail;
  };
  const colors = () => {
    if (printing) return { ink: "#000", muted: "#444", line: "#ccc", card: "#fff", accent: "#0a6aa6" };
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue("--" + name).trim();
    return { ink: of("ink"), muted: of("muted"), line: of("line"), card: of("card"), accent: of("accent") };
  };
  const nice = (name) => name.replaceAll("_", " ");
  const percent = (share) => Math.round(share * 100) + "%";

  // A second cue beside the colour: each emotion has its own hatching.
  const hatch = (name) => {
    const tile = document.createElement("canvas"), pen = tile.getContext("2d");
    tile.width = tile.height = 10;
    pen.fillStyle = data.colors[name] || "#8a8f98";
    pen.fillRect(0, 0, 10, 10);
    pen.strokeStyle = pen.fillStyle = "rgba(255,255,255,.6)";
    const lines = { "//": [[0, 10, 10, 0]], "\\\\": [[0, 0, 10, 10]], "xx": [[0, 0, 10, 10], [0, 10, 10, 0]],
      "||": [[5, 0, 5, 10]], "--": [[0, 5, 10, 5]], "++": [[5, 0, 5, 10], [0, 5, 10, 5]] }[data.hatches[name]] || [];
    for (const [a, b, c, d] of lines) { pen.beginPath(); pen.moveTo(a, b); pen.lineTo(c, d); pen.stroke(); }
    if (data.hatches[name] === "..") pen.fillRect(4, 4, 2, 2);
    if (data.hatches[name] === "oo") { pen.beginPath(); pen.arc(5, 5, 2.5, 0, 7); pen.stroke(); }
    return ctx.createPattern(tile, "repeat");
  };
  const patterns = Object.fromEntries(data.labels.map((name) => [name, hatch(name)]));
  for (const box of document.querySelectorAll("canvas[data-emotion]")) {
    const pen = box.getContext("2d");
    pen.fillStyle = patterns[box.dataset.emotion] || data.colors[box.dataset.emotion] || "#8a8f98";
    pen.fillRect(0, 0, box.width, box.height);
  }
  const inkOn = (color) => {
    const part = (k) => parseInt(color.slice(k, k + 2), 16) / 255;
    return 0.299 * part(1) + 0.587 * part(3) + 0.114 * part(5) > 0.5 ? "#0b1016" : "#fff";
  };
  const pictures = data.channels.map((channel) => {
    const image = new Image();
    image.onload = () => draw();
    image.src = channel.picture;
    return image;
  });

  const x = (time) => (time - from) / (to - from) * width;
  const height = () => AXIS + data.channels.reduce((sum, channel) => sum + channelHeight(channel), 0);
  const channelHeight = (channel) =>
    4 * CAPTION + WAVE + PICTURE + STACK + channel.tiers.length * (RIBBON + 4) + 8;

  function caption(pen, text, y, ink) {
    pen.fillStyle = ink;
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "alphabetic";
    pen.fillText(text, 2, y + CAPTION - 6);
    return y + CAPTION;
  }

  function drawWave(pen, channel, y, ink) {
    const count = channel.low.length, step = channel.column_seconds, middle = y + WAVE / 2;
    const scale = (WAVE / 2 - 2) / Math.max(1, ...channel.high.map(Math.abs), ...channel.low.map(Math.abs));
    pen.fillStyle = ink;
    const first = Math.max(0, Math.floor(from / step)), last = Math.min(count - 1, Math.ceil(to / step));
    for (let pixel = -1, k = first; k <= last; k++) {
      let low = channel.low[k], high = channel.high[k];
      const left = Math.floor(x(k * step));
      while (k < last && Math.floor(x((k + 1) * step)) === left) {
        k++;
        low = Math.min(low, channel.low[k]);
        high = Math.max(high, channel.high[k]);
      }
      const right = Math.max(left + 1, Math.ceil(x((k + 1) * step)));
      if (left > pixel - 1) pen.fillRect(left, middle - high * scale, right - left, Math.max(1, (high - low) * scale));
      pixel = left;
    }
  }

  function drawPicture(pen, channel, image, y) {
    if (!image.complete || !image.naturalWidth) return;
    const length = channel.column_seconds * channel.low.length;
    const scale = image.naturalWidth / length;
    pen.imageSmoothingEnabled = to - from > 10;
    const right = Math.min(to, length);
    pen.drawImage(image, from * scale, 0, Math.max(0.01, (right - from) * scale), image.naturalHeight,
      0, y, x(right), PICTURE);
  }

  function drawRibbon(pen, segments, y, tint) {
    for (const k of segments) {
      const segment = data.segments[k], left = x(segment.start), right = x(segment.end);
      if (right < 0 || left > width) continue;
      const color = data.colors[segment.emotion] || "#8a8f98";
      const wide = Math.max(1, right - left - (right - left > 4 ? 1 : 0));
      pen.fillStyle = color;
      pen.fillRect(left, y, wide, RIBBON);
      const visibleLeft = Math.max(0, left), visible = Math.min(width, right) - visibleLeft;
      pen.font = "600 13px system-ui, sans-serif";
      pen.textBaseline = "middle";
      pen.fillStyle = inkOn(color);
      const text = [nice(segment.emotion), segment.emotion.slice(0, 3)]
        .find((one) => pen.measureText(one).width + 8 < visible);
      if (text) pen.fillText(text, visibleLeft + 4, y + RIBBON / 2 + 1);
      else if (patterns[segment.emotion]) {
        pen.fillStyle = patterns[segment.emotion];
        pen.fillRect(left, y, wide, RIBBON);
      }
    }
    pen.strokeStyle = tint.line;
    pen.strokeRect(0.5, y + 0.5, width - 1, RIBBON - 1);
  }

  function drawStack(pen, windows, y, tint) {
    let drawn = -1;
    for (const [start, end, shares] of windows) {
      const left = Math.floor(x(start)), right = x(end);
      if (right < 0 || left > width || (right - left < 1 && left === drawn)) continue;
      drawn = left;
      let top = y + STACK;
      for (let k = 0; k < shares.length; k++) {
        const tall = shares[k] / 1000 * STACK;
        if (tall < 0.3) continue;
        pen.fillStyle = patterns[data.labels[k]];
        pen.fillRect(left, top - tall, Math.max(1, right - left), tall);
        top -= tall;
      }
    }
    pen.strokeStyle = tint.line;
    pen.strokeRect(0.5, y + 0.5, width - 1, STACK - 1);
    pen.fillStyle = tint.muted;
  }

  function drawAxis(pen, y, tint) {
    const wanted = (to - from) / Math.max(2, width / 90);
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
    const step = steps.find((one) => one >= wanted) || 28800;
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "alphabetic";
    for (let k = Math.ceil(from / step); k * step <= to + 1e-9; k++) {
      const place = x(k * step), text = clock(k * step, step < 1 ? 1 : 0), wide = pen.measureText(text).width;
      pen.fillStyle = tint.line;
      pen.fillRect(place, y, 1, 6);
      pen.fillStyle = tint.muted;
      pen.fillText(text, Math.min(Math.max(0, place - wide / 2), width - wide), y + 20);
    }
  }

  function draw() {
    ratio = printing ? 2 : window.devicePixelRatio || 1;
    width = canvas.clientWidth || 800;
    const tint = colors(), tall = height();
    still = document.createElement("canvas");
    still.width = canvas.width = Math.round(width * ratio);
    still.height = canvas.height = Math.round(tall * ratio);
    canvas.style.height = tall + "px";
    const pen = still.getContext("2d");
    pen.scale(ratio, ratio);
    let y = 0;
    data.channels.forEach((channel, number) => {
      const name = channel.name ? channel.name + ": " : "";
      y = caption(pen, name + "waveform", y, tint.muted);
      drawWave(pen, channel, y, tint.accent);
      y = caption(pen, name + "spectrogram, " + channel.hertz, y + WAVE, tint.muted);
      drawPicture(pen, channel, pictures[number], y);
      y = caption(pen, name + "emotion" + (channel.tiers.length > 1 ? " of each speaker" : ""), y + PICTURE, tint.muted);
      for (const tier of channel.tiers) {
        drawRibbon(pen, tier.segments, y, tint);
        if (tier.speaker) {
          pen.font = "12px system-ui, sans-serif";
          const wide = pen.measureText(tier.speaker).width;
          pen.fillStyle = tint.card;
          pen.fillRect(width - wide - 10, y + 6, wide + 8, RIBBON - 12);
          pen.fillStyle = tint.ink;
          pen.textBaseline = "middle";
          pen.fillText(tier.speaker, width - wide - 6, y + RIBBON / 2 + 1);
        }
        y += RIBBON + 4;
      }
      y = caption(pen, name + "probability of each emotion, stacked from 0 to 1", y, tint.muted);
      drawStack(pen, channel.windows, y, tint);
      y += STACK + 8;
    });
    drawAxis(pen, y, tint);
    for (const box of [scroll]) {
      box.hidden = to - from >= duration;
      box.max = String(Math.max(0, duration - (to - from)));
      box.step = "any";
      box.value = String(from);
    }
    paint();
  }

  function at(time) {
    return data.segments.filter((segment) => segment.start <= time && time < segment.end);
  }

  function says(time) {
    const here = at(time).map((segment) => {
      const best = Object.entries(segment.probabilities).sort((a, b) => b[1] - a[1]).slice(0, 3);
      const who = segment.speaker ? segment.speaker + ": " : "";
      const sure = segment.confidence === null ? "" : " " + percent(segment.confidence);
      const others = best.filter(([name]) => name !== segment.emotion).map(([name, share]) => nice(name) + " " + percent(share));
      return who + nice(segment.emotion) + sure + (others.length ? " (" + others.join(", ") + ")" : "");
    });
    return here.join("; ") || "no speech";
  }

  function paint() {
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    ctx.drawImage(still, 0, 0);
    const place = x(cursor) * ratio;
    if (place >= 0 && place <= canvas.width && !printing) {
      ctx.fillStyle = colors().ink;
      ctx.fillRect(place - ratio, 0, 2 * ratio, canvas.height - (AXIS - 6) * ratio);
    }
    const text = says(cursor);
    now.textContent = clock(cursor, 1) + "  " + text;
    canvas.setAttribute("aria-valuenow", cursor.toFixed(2));
    canvas.setAttribute("aria-valuetext", clock(cursor, 1) + ", " + text);
  }

  function look(start, length) {
    length = Math.min(duration, Math.max(least, length));
    from = Math.min(Math.max(0, start), duration - length);
    to = from + length;
    draw();
  }
  const zoom = (factor, around) => {
    const share = (around - from) / (to - from), length = Math.min(duration, Math.max(least, (to - from) * factor));
    look(around - share * length, length);
  };
  function seek(time, stop) {
    cursor = Math.min(Math.max(0, time), duration);
    stopAt = stop === undefined ? null : stop;
    if (audio) audio.currentTime = cursor;
    if (cursor < from || cursor > to) look(cursor - (to - from) / 4, to - from);
    else paint();
  }
  const start = () => { if (audio) audio.play().catch(() => { now.textContent = "The sound cannot be played here: " + (audio.currentSrc || "").slice(0, 80); }); };
  const toggle = () => { if (audio) { stopAt = null; if (audio.paused) start(); else audio.pause(); } };
  const step = (direction) => {
    const starts = data.segments.map((segment) => segment.start);
    const found = direction > 0 ? starts.find((time) => time > cursor + 0.01)
      : starts.filter((time) => time < cursor - 0.01).pop();
    if (found !== undefined) seek(found);
  };

  function tick() {
    cursor = audio.currentTime;
    if (stopAt !== null && cursor >= stopAt) { audio.pause(); stopAt = null; }
    if (cursor > to || cursor < from) look(cursor - (to - from) * 0.05, to - from);
    else paint();
    if (!audio.paused && !audio.ended) requestAnimationFrame(tick);
  }
  if (audio) {
    audio.addEventListener("play", () => { play.textContent = "❚❚ Pause"; requestAnimationFrame(tick); });
    audio.addEventListener("pause", () => { play.textContent = "▶ Play"; tick(); });
    audio.addEventListener("seeked", () => { if (audio.paused) { cursor = audio.currentTime; paint(); } });
    play.addEventListener("click", toggle);
  }
  canvas.addEventListener("click", (event) => {
    seek(from + (event.offsetX / canvas.clientWidth) * (to - from));
    start();
  });
  canvas.addEventListener("mousemove", (event) => {
    const time = from + (event.offsetX / canvas.clientWidth) * (to - from);
    canvas.title = clock(time, 1) + " " + says(time);
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) zoom(event.deltaY > 0 ? 1.25 : 0.8, from + event.offsetX / width * (to - from));
    else look(from + event.deltaX / width * (to - from), to - from);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const small = event.shiftKey ? 10 : 1;
    const keys = {
      ArrowLeft: () => seek(cursor - small), ArrowRight: () => seek(cursor + small),
      ArrowDown: () => seek(cursor - small), ArrowUp: () => seek(cursor + small),
      PageUp: () => seek(cursor + (to - from) / 2), PageDown: () => seek(cursor - (to - from) / 2),
      Home: () => seek(0), End: () => seek(duration), " ": toggle, Enter: toggle,
      "+": () => zoom(0.5, cursor), "=": () => zoom(0.5, cursor), "-": () => zoom(2, cursor),
      "0": () => look(0, duration), n: () => step(1), p: () => step(-1),
    };
    if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); keys[event.key](); }
  });
  byId("in").addEventListener("click", () => zoom(0.5, cursor < from || cursor > to ? (from + to) / 2 : cursor));
  byId("out").addEventListener("click", () => zoom(2, (from + to) / 2));
  byId("fit").addEventListener("click", () => look(0, duration));
  byId("next").addEventListener("click", () => step(1));
  byId("previous").addEventListener("click", () => step(-1));
  scroll.addEventListener("input", () => look(Number(scroll.value), to - from));
  for (const row of rows) row.addEventListener("click", () => { seek(Number(row.dataset.start), Number(row.dataset.end)); start(); });
  new ResizeObserver(() => { if (canvas.clientWidth !== width) draw(); }).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("beforeprint", () => { printing = true; draw(); });
  addEventListener("afterprint", () => { printing = false; draw(); });
  draw();
})();
