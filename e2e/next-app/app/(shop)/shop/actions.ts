"use server";

import { revalidatePath } from "next/cache";
import { sessions } from "../../../lib/sessions.ts";

export const addToCart = sessions.withSessionAction(async (handle, form: FormData) => {
  const session = await handle.load();
  session.data.count = (session.data.count ?? 0) + 1;
  revalidatePath("/shop");
  session.visit.track("add_to_cart", { sku: String(form.get("sku")) });
});
