// Numbers, short enough for tables. Pure.

export const dollars = (cost) => (cost && cost < 0.01 ? `$${cost.toFixed(4)}` : `$${cost.toFixed(2)}`);

export function tokens(count) {
  if (count < 10_000) return String(count);
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}
