/**
 * Returns the median of all numbers in several lists: the mean of the middle two. Null if there are no numbers.
 *
 * Searches for the value instead of merging the lists, which would take much longer.
 *
 * @param lists - whole numbers, not negative. Each list is in ascending order.
 */
export function medianOf(lists: readonly (readonly number[])[]): number | null {
  const total = lists.reduce((sum, list) => sum + list.length, 0);
  if (total === 0) return null;
  const lower = numberAt(lists, Math.floor((total - 1) / 2));
  const upper = numberAt(lists, Math.floor(total / 2));
  return (lower + upper) / 2;
}

/** Returns the number at an index of the merged lists. */
function numberAt(lists: readonly (readonly number[])[], index: number): number {
  let lowest = 0;
  let highest = lists.reduce((most, list) => Math.max(most, list.at(-1) ?? 0), 0);
  while (lowest < highest) {
    const middle = Math.floor((lowest + highest) / 2);
    const upToMiddle = lists.reduce((sum, list) => sum + countUpTo(list, middle), 0);
    if (upToMiddle > index) highest = middle;
    else lowest = middle + 1;
  }
  return lowest;
}

/** Returns how many numbers of a list in ascending order are at most `limit`. */
function countUpTo(list: readonly number[], limit: number): number {
  let from = 0;
  let to = list.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((list[middle] as number) <= limit) from = middle + 1;
    else to = middle;
  }
  return from;
}
