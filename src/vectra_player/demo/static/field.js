// Fields that behave as controlled React inputs: what is typed is heard; a value that a script
// assigned before an `input` event is not, since React takes it for its own.
const native = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");

export const controlled = (input, changed) => {
  let known = native.get.call(input);
  Object.defineProperty(input, "value", {
    configurable: true,
    get: () => native.get.call(input),
    set: (value) => {
      native.set.call(input, value);
      known = native.get.call(input);
    },
  });
  input.addEventListener("input", () => {
    const now = native.get.call(input);
    if (now === known) return;
    known = now;
    changed(now);
  });
};
