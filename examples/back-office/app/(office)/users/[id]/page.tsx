import Link from "next/link";
import { notFound } from "next/navigation";
import { Shell } from "../../../../components/shell.tsx";
import { office } from "../../../../lib/office.ts";
import { findListedUser, listRoles } from "../../../../lib/people.ts";
import { listWarehouses } from "../../../../lib/stock.ts";
import { requirePermission } from "../../../../lib/viewer.ts";
import { UserForm } from "./user-form.tsx";

export const metadata = { title: "User" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { company, text } = await requirePermission("users.edit");
  const { database } = office();
  const line = findListedUser(database, company.id, Number((await params).id) || 0);
  if (line === null) notFound();
  const roles = listRoles(database, company.id).map(({ id, name }) => ({ id, name }));
  const warehouses = listWarehouses(database, company.id).map(({ id, name }) => ({ id, name }));
  return (
    <Shell>
      <p>
        <Link href="/users" prefetch={false}>
          ← {text.back}
        </Link>
      </p>
      <h1>{line.name}</h1>
      <UserForm user={line} roles={roles} warehouses={warehouses} text={text} />
    </Shell>
  );
}
