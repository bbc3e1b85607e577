/** A value in the MaxMind DB format 2.0, limited to the types that the tests need. */
type Value = string | number | { readonly [key: string]: Value };

const SEPARATOR = Buffer.alloc(16);
const METADATA_MARKER = Buffer.concat([Buffer.from("abcdef", "hex"), Buffer.from("MaxMind.com")]);

/** Creates an IPv4 `.mmdb` file with one location, for all addresses that begin with the bits of `prefix`. */
export function mmdbFile(prefix: string, place: Value): Buffer {
  const nodeCount = prefix.length;
  const unknown = nodeCount;
  const known = nodeCount + SEPARATOR.length;
  const tree = [...prefix].map((bit, index) => {
    const next = index + 1 === nodeCount ? known : index + 1;
    return bit === "0" ? node(next, unknown) : node(unknown, next);
  });
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 0,
    database_type: "Test-Places",
    ip_version: 4,
    node_count: nodeCount,
    record_size: 24,
  };
  return Buffer.concat([...tree, SEPARATOR, encode(place), METADATA_MARKER, encode(metadata)]);
}

function node(left: number, right: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(left, 0, 3);
  bytes.writeUIntBE(right, 3, 3);
  return bytes;
}

const STRING = 2;
const UINT32 = 6;
const MAP = 7;

function encode(value: Value): Buffer {
  if (typeof value === "string")
    return Buffer.concat([controlByte(STRING, value.length), Buffer.from(value)]);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([controlByte(UINT32, bytes.length), bytes]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([controlByte(MAP, entries.length), ...entries.flat().map(encode)]);
}

/**
 * Returns the control byte, which contains the type and the size of a value. Larger sizes than 28 would need more
 * bytes, and the tests do not use them.
 */
function controlByte(type: number, size: number): Buffer {
  return Buffer.from([(type << 5) | size]);
}
