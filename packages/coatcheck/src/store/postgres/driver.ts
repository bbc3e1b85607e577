/** A query as the store sends it: text, parameters, and the parsers for its result. */
export interface PostgresQuery {
  /** Present on prepared statements, which each connection plans once. */
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
  readonly types: { getTypeParser(oid: number): (text: string) => unknown };
}

/** The part of `pg`'s client that the store uses. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<{ command: string; rowCount: number | null; rows: unknown[] }>;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
  /** `true` closes the connection instead of returning it to the pool. */
  release(destroy?: boolean): void;
  /** Id of the server process that serves this connection, as reported when the connection was opened. */
  readonly processID?: number | null;
}

/** The part of `pg`'s `Pool` that the store uses. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  on(event: "error", listener: (error: Error) => void): unknown;
  end(): Promise<void>;
}
