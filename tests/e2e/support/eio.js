// A small Engine.IO 4 client for pages and workers. Keeps its own log of every packet.
'use strict';
const SEP = '\x1e';
const b64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const unb64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;

class Client {
  constructor(base, transport, name) {
    this.base = base; this.transport = transport; this.name = name;
    this.said = 0; this.outgoing = []; this.posting = false; this.begin();
  }
  begin() {
    this.sid = ''; this.dead = false; this.ws = null; this.upgraded = false; this.connected = false;
    if (this.transport === 'websocket') this.openSocket(''); else this.poll();
  }
  url(transport) {
    const sid = this.sid ? `&sid=${this.sid}` : '';
    return `${this.base}/socket.io/?EIO=4&transport=${transport}&name=${this.name}${sid}`;
  }
  again() {
    if (this.dead) return;
    this.dead = true;
    clearInterval(this.timer);
    try { if (this.ws) this.ws.close(); } catch (e) { /* gone already */ }
    setTimeout(() => this.begin(), 150);
  }
  openSocket() {
    const ws = this.ws = new WebSocket(this.url('websocket').replace(/^http/, 'ws'));
    ws.binaryType = 'arraybuffer';
    ws.onmessage = (m) => this.socketPacket(m.data);
    ws.onclose = () => this.again();
    ws.onopen = () => { if (this.sid) ws.send('2probe'); };
  }
  socketPacket(data) {
    if (data === '3probe') { this.upgrading = true; this.finishUpgrade(); return; }
    this.packet(data);
  }
  finishUpgrade() {
    // Only when no poll and no post is in flight, so that no packet is overtaken.
    if (this.polling || this.posting || this.outgoing.length) { return; }
    this.ws.send('5'); this.upgraded = true; this.upgrading = false;
    for (const packet of this.later || []) this.ws.send(packet);
    this.later = [];
  }
  async poll() {
    const mine = this.sid;
    this.polling = true;
    let body;
    try {
      const answer = await fetch(this.url('polling') + '&t=' + Math.random());
      if (!answer.ok) throw new Error(answer.status);
      body = await answer.text();
    } catch (e) { this.polling = false; this.again(); return; }
    this.polling = false;
    for (const raw of body.split(SEP)) this.packet(raw[0] === 'b' ? unb64(raw.slice(1)) : raw);
    if (this.dead || mine !== '' && mine !== this.sid) return;
    if (this.upgrading) { this.finishUpgrade(); if (this.upgraded) return; }
    if (this.upgraded) return;
    this.poll();
  }
  async post() {
    if (this.posting || !this.outgoing.length) return;
    this.posting = true;
    const body = this.outgoing.splice(0).join(SEP);
    try {
      const answer = await fetch(this.url('polling') + '&t=' + Math.random(), {method: 'POST', body});
      if (!answer.ok) throw new Error(answer.status);
    } catch (e) { this.posting = false; this.again(); return; }
    this.posting = false;
    if (this.upgrading && !this.polling) { this.finishUpgrade(); return; }
    this.post();
  }
  send(data) {
    if (this.dead) return;
    if (this.transport === 'websocket' || this.upgraded) {
      if (this.ws.readyState === 1) this.ws.send(data);
    } else if (this.upgrading) {
      (this.later = this.later || []).push(data);
    } else {
      this.outgoing.push(typeof data === 'string' ? data : 'b' + b64(data)); this.post();
    }
  }
  packet(data) {
    if (typeof data !== 'string') return;
    if (data[0] === '0') {
      this.sid = JSON.parse(data.slice(1)).sid; this.send('40');
      if (this.transport === 'upgrade') setTimeout(() => this.openSocket(), 300);
    } else if (data === '2') this.send('3');
    else if (data === '1') this.again();
    else if (data === '42["quiet"]') clearInterval(this.timer);
    else if (data.startsWith('40') && !this.connected) {
      this.connected = true;
      this.timer = setInterval(() => this.say(), 50);
    }
  }
  say() {
    this.said += 1;
    if (this.said % 7 === 0) {
      this.send('451-["blob",{"_placeholder":true,"num":0}]');
      this.send(new Uint8Array([this.said & 255, 0, 255, 10]).buffer);
    } else this.send(`42${this.said}["hello",{"n":${this.said},"text":"ünï \\u2028 €"}]`);
  }
}
