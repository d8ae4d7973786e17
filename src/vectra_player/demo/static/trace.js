// The telemetry argument that stands before the payload of a traced request.
export const trace = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  return { __trace: true, traceparent: `00-${hex.slice(0, 32)}-${hex.slice(32)}-01` };
};
