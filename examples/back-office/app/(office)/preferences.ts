"use server";

import { revalidatePath } from "next/cache";
import { officeAction } from "../../lib/action.ts";

export const setTheme = officeAction(null, async ({ context, session }, value: string) => {
  // `set()` rejects a value that is not a theme, so the cast is safe.
  await context.of(session).set("theme", value as "light");
  revalidatePath("/", "layout");
});

export const setLanguage = officeAction(null, async ({ context, session }, value: string) => {
  await context.of(session).set("language", value as "en");
  revalidatePath("/", "layout");
});
