// Engine.IO 4 for browsers: websocket, polling, and polling that upgrades. Every packet that
// crosses the transport is reported to `onframe` as exact text (binary as base64).
const SEPARATOR = "\x1e";

const encode = (bytes) => {
  let text = "";
  const view = new Uint8Array(bytes);
  for (let i = 0; i < view.length; i += 32768) text += String.fromCharCode(...view.subarray(i, i + 32768));
  return btoa(text);
};
const decode = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

export class Engine {
  constructor(origin, mode, hooks) {
    this.http = `${origin}/socket.io/?EIO=4`;
    this.ws = this.http.replace(/^http/, "ws");
    this.mode = mode;
    this.hooks = hooks;
    this.sid = "";
    this.transport = mode === "websocket" ? "websocket" : "polling";
    this.outbox = [];
    this.closed = false;
    this.posting = false;
    this.upgrading = false;
    this.abort = new AbortController();
    if (this.transport === "websocket") this.connect();
    else this.poll();
  }

  // One frame of the log. `way` is the page's own view.
  note(way, transport, data) {
    const binary = typeof data !== "string";
    this.hooks.onframe({
      way, transport, sid: this.sid, opcode: binary ? 2 : 1,
      raw: binary ? encode(data) : data, ts: Date.now(),
    });
  }

  send(data) {
    if (this.closed) return;
    this.outbox.push(data);
    this.flush();
  }

  flush() {
    if (this.closed || this.upgrading || !this.outbox.length) return;
    if (this.transport === "websocket") {
      if (this.socket.readyState !== WebSocket.OPEN) return;
      for (const data of this.outbox.splice(0)) this.write(this.socket, data);
    } else if (this.sid && !this.posting) this.post();
  }

  write(socket, data) {
    this.note("sent", "websocket", data);
    socket.send(data);
  }

  connect() {
    this.socket = this.open(`${this.ws}&transport=websocket`);
    this.socket.onopen = () => this.flush();
  }

  open(url) {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.receive(event.data, "websocket");
    socket.onclose = () => this.end("transport close");
    return socket;
  }

  receive(data, transport) {
    if (this.closed) return;
    if (typeof data === "string" && data[0] === "0" && !this.sid) this.handshake(data);
    this.note("received", transport, data);
    this.alive();
    if (typeof data !== "string") return this.hooks.onbinary(new Uint8Array(data));
    switch (data[0]) {
      case "1": return this.end("server close");
      case "2": return this.send(`3${data.slice(1)}`);
      case "4": return this.hooks.onmessage(data.slice(1));
      default: return undefined; // open, pong, noop, and what no server should send
    }
  }

  handshake(data) {
    try {
      this.limits = JSON.parse(data.slice(1));
      this.sid = this.limits.sid;
    } catch {
      return this.end("bad handshake");
    }
    queueMicrotask(() => {
      this.hooks.onopen();
      this.flush();
      if (this.mode === "upgrade" && this.limits.upgrades.includes("websocket")) this.probe();
    });
    return undefined;
  }

  alive() {
    clearTimeout(this.timer);
    const { pingInterval = 25000, pingTimeout = 20000 } = this.limits ?? {};
    this.timer = setTimeout(() => this.end("ping timeout"), pingInterval + pingTimeout);
  }

  // Polling ---------------------------------------------------------------------------------

  address() {
    const sid = this.sid ? `&sid=${encodeURIComponent(this.sid)}` : "";
    return `${this.http}&transport=polling${sid}&t=${Date.now().toString(36)}`;
  }

  async poll() {
    while (!this.closed && this.transport === "polling" && !this.upgrading) {
      try {
        const answer = await fetch(this.address(), { signal: this.abort.signal });
        if (!answer.ok) throw new Error(String(answer.status));
        this.unpack(await answer.text());
      } catch {
        return this.end("transport error");
      }
    }
    this.pollEnded?.();
    return undefined;
  }

  unpack(body) {
    for (const packet of body ? body.split(SEPARATOR) : []) {
      const binary = packet[0] === "b";
      this.receive(binary ? decode(packet.slice(1)).buffer : packet, "polling");
    }
  }

  async post() {
    this.posting = true;
    // The server takes at most 16 packets a body.
    const packets = this.outbox.splice(0, 16);
    for (const data of packets) this.note("sent", "polling", data);
    const body = packets.map((d) => (typeof d === "string" ? d : `b${encode(d)}`)).join(SEPARATOR);
    try {
      const answer = await fetch(this.address(), {
        method: "POST", body, signal: this.abort.signal,
        headers: { "Content-Type": "text/plain;charset=UTF-8" },
      });
      if (!answer.ok) throw new Error(String(answer.status));
    } catch {
      return this.end("transport error");
    } finally {
      this.posting = false;
      this.postEnded?.();
    }
    return this.flush();
  }

  // Upgrade: probe, let the last poll and post end, then tell the server and switch.
  probe() {
    const socket = new WebSocket(`${this.ws}&transport=websocket&sid=${encodeURIComponent(this.sid)}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.write(socket, "2probe");
    socket.onerror = () => socket.close();
    socket.onmessage = async ({ data }) => {
      if (data !== "3probe" || this.closed) return socket.close();
      this.note("received", "websocket", data);
      const quiet = [new Promise((done) => { this.pollEnded = done; })];
      if (this.posting) quiet.push(new Promise((done) => { this.postEnded = done; }));
      this.upgrading = true;
      await Promise.all(quiet);
      if (this.closed) return socket.close();
      socket.onmessage = (event) => this.receive(event.data, "websocket");
      socket.onclose = () => this.end("transport close");
      this.write(socket, "5");
      this.socket = socket;
      this.transport = "websocket";
      this.upgrading = false;
      return this.flush();
    };
  }

  close() {
    if (this.closed) return;
    if (this.socket?.readyState === WebSocket.OPEN) this.write(this.socket, "1");
    this.end("client close");
  }

  end(reason) {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.timer);
    this.abort.abort();
    this.pollEnded?.();
    if (this.socket) {
      this.socket.onclose = null;
      this.socket.close();
    }
    this.hooks.onclose(reason);
  }
}
