// Every node the page's modules change, by name; and what the bar offers.
export const parts = {};
export const keep = (name, node) => {
  parts[name] = node;
  return node;
};

export const STEPS = { "+0.001": 0.001, "+0.01": 0.01, "+0.1": 0.1, "+1": 1 };
export const QUICK = [...Object.keys(STEPS), "1/2", "X2", "MAX"];
export const SHARES = [10, 25, 50, 100];

// Below this width the chat folds, the panel's sections stand under one another and the two
// smallest steps move beside the amount: our reading of two layouts that were seen.
export const NARROW = matchMedia("(max-width: 860px)");
