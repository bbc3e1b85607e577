import Link from "next/link";
import { Suspense } from "react";
import { sessions } from "../../../lib/sessions.ts";
import { addToCart } from "./actions.ts";

async function Cart() {
  const { data } = await sessions.getServerSession();
  return <p id="cart">{String(data.count ?? 0)}</p>;
}

export default function Page() {
  return (
    <>
      <Link href="/shop/tacos">Tacos</Link>
      <form id="add" action={addToCart}>
        <input name="sku" aria-label="SKU" defaultValue="taco" />
        <button type="submit">Add</button>
      </form>
      <Suspense>
        <Cart />
      </Suspense>
    </>
  );
}
