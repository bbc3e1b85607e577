/** A user of the shop. */
export interface User {
  readonly name: string;
}
