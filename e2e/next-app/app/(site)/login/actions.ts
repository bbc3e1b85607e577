"use server";

import { redirectTarget } from "coatcheck/next";
import { revalidatePath } from "next/cache";
import { redirect } from "next/navigation";
import { sessions } from "../../../lib/sessions.ts";

export const logIn = sessions.withSessionAction(async (session, form: FormData) => {
  await (await session.load()).authenticate(String(form.get("name")));
  redirect(redirectTarget(form.get("next"), "/"));
});

export const logInHere = sessions.withSessionAction(async (session, form: FormData) => {
  await (await session.load()).authenticate(String(form.get("name")));
  revalidatePath("/", "layout");
});

export const logOut = sessions.withSessionAction(async (session) => {
  await (await session.load()).revoke();
  revalidatePath("/", "layout");
});

export const setTheme = sessions.withSessionAction(async (session, form: FormData) => {
  const login = await session.requireSubject();
  login.data.theme = String(form.get("theme"));
});
