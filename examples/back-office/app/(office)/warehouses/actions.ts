"use server";

import { revalidatePath } from "next/cache";
import { redirect } from "next/navigation";
import { z } from "zod";
import { officeAction, ownCompanyId, type Result } from "../../../lib/action.ts";
import { id, name, readForm } from "../../../lib/form.ts";
import { createOnce } from "../../../lib/submissions.ts";
import { addWarehouse } from "../../../lib/warehouses.ts";

const NEW = z.object({
  name,
  copyItemsFrom: z.union([z.literal("").transform(() => null), id("noSuchWarehouse")], "noSuchWarehouse"),
});

/** Adds a warehouse to the company. The user who adds the warehouse may enter it. */
export const saveNewWarehouse = officeAction(
  "warehouses.edit",
  async (actor, _before: Result, form: FormData) => {
    const { database, context, user } = actor;
    const company = ownCompanyId(actor);
    const content = readForm(NEW, form);
    const submission = { user: user.id, form, now: Date.now() };
    const added = await createOnce(database, submission, async (queries) => {
      const warehouse = await addWarehouse(queries, company, content);
      await queries.run("INSERT INTO user_warehouses VALUES (?, ?)", Number(user.id), warehouse);
      return warehouse;
    });
    await context.invalidate("user", user.id);
    revalidatePath("/", "layout");
    redirect(`/warehouses?added=${added}`);
  },
);
