/** What the counting service's admin sends. */
export const ADMIN_TOKEN = "admin-token-of-the-counting-service";
