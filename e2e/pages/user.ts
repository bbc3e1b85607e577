/** Whom the shop knows. */
export interface User {
  readonly name: string;
}
