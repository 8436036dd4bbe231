/**
 * The exact (Garwood) one-sided 95 % upper bound of a Poisson mean of which `count` events were seen: the mean at which
 * so few would be seen in only one case of twenty. For none it is 3.0, the rule of three.
 */
export function upperBound95(count: number): number {
  const n = Math.max(0, Math.floor(count));
  let low = n;
  // Twice the count and a constant are beyond the bound for every count.
  let high = 2 * n + 10;
  // Each step halves the interval: 60 of them exhaust the digits of a double.
  for (let step = 0; step < 60; step++) {
    const mean = (low + high) / 2;
    if (chanceOfAtMost(n, mean) > 0.05) low = mean;
    else high = mean;
  }
  return (low + high) / 2;
}

/** P(X ≤ n) for a Poisson mean, summed in logarithms so that large counts do not underflow. */
function chanceOfAtMost(n: number, mean: number): number {
  let term = -mean;
  let sum = Math.exp(term);
  for (let k = 1; k <= n; k++) {
    term += Math.log(mean / k);
    sum += Math.exp(term);
  }
  return sum;
}
