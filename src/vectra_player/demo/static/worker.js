// The socket in a worker: dedicated (?worker=1) or shared (?shared=1). It is told
// { open: { origin, mode, namespaces } }, { emit: { name, args, ack } }, { close: true };
// it answers { event }, { ack }, { state }, { frame }. In the shared one every page has its own
// socket: what is shown in one tab must not depend on another.
import { Socket } from "./socket.js";

const serve = (port) => {
  let socket = null;
  const hooks = {
    onevent: (name, args, namespace) => port.postMessage({ event: { name, args, namespace } }),
    onstate: (state) => port.postMessage({ state }),
    onframe: (frame) => port.postMessage({ frame }),
  };
  port.onmessage = ({ data }) => {
    if (data.open) socket = new Socket(data.open.origin, data.open.mode, hooks, data.open.namespaces);
    else if (data.close) socket?.close();
    else if (data.emit) {
      const { name, args, ack } = data.emit;
      const reply = ack === null ? null : (...values) => port.postMessage({ ack: { id: ack, values } });
      socket?.emit(name, args, reply);
    }
  };
};

if ("onconnect" in self) self.onconnect = (event) => serve(event.ports[0]);
else serve(self);
