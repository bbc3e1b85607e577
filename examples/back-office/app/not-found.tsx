import Link from "next/link";

export default function NotFound() {
  return (
    <main className="login">
      <h1>There is no such page.</h1>
      <Link href="/">Back office</Link>
    </main>
  );
}
