import Link from "next/link";

export function Links() {
  return <Link href="/account">Account</Link>;
}
