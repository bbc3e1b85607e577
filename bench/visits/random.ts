/** Computes pseudo-random numbers and ids from an index, so that they need not be stored. */

/** Returns a pseudo-random number from 0 to 1, 1 excluded, for `index` and `salt` (mulberry32). */
export function randomNumber(index: number, salt: number): number {
  let mixed = (Math.imul(index, 2_654_435_761) + Math.imul(salt, 0x6d2b79f5)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

/** Returns a pseudo-random item of the list for `index` and `salt`. */
export function pickItem<Item>(items: readonly Item[], index: number, salt: number): Item {
  return items[Math.floor(randomNumber(index, salt) * items.length)] as Item;
}

/** Returns eight pseudo-random hexadecimal digits for two numbers. */
function hexWord(index: number, salt: number): string {
  return Math.floor(randomNumber(index, salt) * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}

/** Returns the UUID v4 of an index. It contains the index, so that no two ids are equal. */
export function uuid(index: number, salt: number): string {
  const hex = hexWord(index, salt) + hexWord(index, salt + 1000);
  const own = index.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-8${hexWord(index, salt + 2000).slice(0, 3)}-${own}`;
}

/** Returns a UUID v7 for a time. It is unique for each event (numbered within its visit) of each visit. */
export function timeUuid(time: number, visit: number, event: number): string {
  const stamp = time.toString(16).padStart(12, "0");
  const own = visit.toString(16).padStart(8, "0") + event.toString(16).padStart(4, "0");
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${hexWord(visit, event).slice(0, 3)}-8${hexWord(event, visit).slice(0, 3)}-${own}`;
}
