import Link from "next/link";
import { ActingBanner } from "../components/acting-banner.tsx";

export default function NotFound() {
  return (
    <>
      <ActingBanner />
      <main className="login">
        <h1>There is no such page.</h1>
        <Link href="/">Back office</Link>
      </main>
    </>
  );
}
