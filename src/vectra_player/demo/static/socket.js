// Socket.IO 5 protocol over engine.js: events, acks, attachments, namespaces, reconnection.
// `hooks`: onevent(name, args, namespace), onstate({ connected, sid, reason, attempt }), onframe.
import { Engine } from "./engine.js";

const CONNECT = "0";
const DISCONNECT = "1";
const EVENT = "2";
const ACK = "3";
const BINARY_EVENT = "5";
const BINARY_ACK = "6";
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 8000;
const PACKET = /^(\d)(?:(\d+)-)?(?:(\/[^,]*),)?(\d+)?(.*)$/s;

// Take bytes out of a value, leaving numbered placeholders, or put them back.
const strip = (value, buffers) => {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) {
    return { _placeholder: true, num: buffers.push(value) - 1 };
  }
  if (Array.isArray(value)) return value.map((item) => strip(item, buffers));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, strip(v, buffers)]));
  }
  return value;
};
const fill = (value, buffers) => {
  if (Array.isArray(value)) return value.map((item) => fill(item, buffers));
  if (!value || typeof value !== "object") return value;
  if (value._placeholder) return buffers[value.num];
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fill(v, buffers)]));
};

export class Socket {
  constructor(origin, mode, hooks, namespaces = ["/"]) {
    Object.assign(this, { origin, mode, hooks, namespaces });
    this.connected = false;
    this.stopped = false;
    this.attempt = 0;
    this.nextAck = 0;
    this.acks = new Map();
    this.early = [];
    this.begin();
  }

  begin() {
    this.partial = null;
    this.engine = new Engine(this.origin, this.mode, {
      onframe: (frame) => this.hooks.onframe(frame),
      onopen: () => this.namespaces.forEach((ns) => this.engine.send(`4${CONNECT}${prefix(ns)}`)),
      onmessage: (text) => this.packet(text),
      onbinary: (bytes) => this.attachment(bytes),
      onclose: (reason) => this.lost(reason),
    });
  }

  emit(name, args = [], ack = null) {
    const id = ack ? this.nextAck++ : "";
    if (ack) this.acks.set(id, ack);
    const buffers = [];
    const body = JSON.stringify(strip([name, ...args], buffers));
    const head = buffers.length ? `${BINARY_EVENT}${buffers.length}-` : EVENT;
    const packets = [`4${head}${id}${body}`, ...buffers];
    if (this.connected) packets.forEach((data) => this.engine.send(data));
    else this.early.push(...packets);
  }

  packet(text) {
    const parts = PACKET.exec(text);
    if (!parts) return;
    const [, type, count, namespace = "/", id, body] = parts;
    if (type === CONNECT) return this.opened(namespace);
    if (type === DISCONNECT) return this.engine.end("server disconnect");
    let data;
    try {
      data = JSON.parse(body);
    } catch {
      return; // a malformed packet is the server's fault; the next one may be whole
    }
    if (!Array.isArray(data)) return;
    const packet = { type, namespace, id, data, buffers: [], missing: Number(count ?? 0) };
    if (packet.missing > 0) this.partial = packet;
    else this.deliver(packet);
  }

  attachment(bytes) {
    const packet = this.partial;
    if (!packet) return;
    packet.buffers.push(bytes);
    if (packet.buffers.length < packet.missing) return;
    this.partial = null;
    packet.data = fill(packet.data, packet.buffers);
    this.deliver(packet);
  }

  deliver({ type, namespace, id, data }) {
    if (type === EVENT || type === BINARY_EVENT) {
      const [name, ...args] = data;
      if (typeof name === "string") this.hooks.onevent(name, args, namespace);
    } else if (type === ACK || type === BINARY_ACK) {
      const ack = this.acks.get(Number(id));
      this.acks.delete(Number(id));
      ack?.(...data);
    }
  }

  opened(namespace) {
    if (namespace !== "/") return;
    this.connected = true;
    this.attempt = 0;
    for (const data of this.early.splice(0)) this.engine.send(data);
    this.hooks.onstate({ connected: true, sid: this.engine.sid });
  }

  lost(reason) {
    this.connected = false;
    this.acks.clear();
    if (this.stopped) return;
    // Doubling with jitter, so that a crowd of pages does not come back at once.
    const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempt);
    this.attempt += 1;
    this.hooks.onstate({ connected: false, reason, attempt: this.attempt });
    setTimeout(() => !this.stopped && this.begin(), ceiling * (0.5 + Math.random() / 2));
  }

  close() {
    this.stopped = true;
    this.engine.close();
  }
}

const prefix = (namespace) => (namespace === "/" ? "" : `${namespace},`);
