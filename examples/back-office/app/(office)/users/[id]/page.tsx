import { notFound } from "next/navigation";
import { BackLink } from "../../../../components/back-link.tsx";
import { Shell } from "../../../../components/shell.tsx";
import { office } from "../../../../lib/office.ts";
import { listRoles } from "../../../../lib/roles.ts";
import { findListedUser } from "../../../../lib/users.ts";
import { requirePermission, viewer } from "../../../../lib/viewer.ts";
import { listWarehouses } from "../../../../lib/warehouses.ts";
import { UserForm } from "../user-form.tsx";
import { ActForm } from "./act-form.tsx";

export const metadata = { title: "User" };

/** A user, for an administrator of the company and for a super administrator. */
export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { user, text } = await viewer();
  if (!user.isSuperAdmin) await requirePermission("users.edit");
  const { database } = office();
  const { id } = await params;
  const line = /^\d{1,9}$/.test(id) ? await findListedUser(database, Number(id)) : null;
  if (line === null || (!user.isSuperAdmin && line.companyId !== user.companyId)) notFound();
  const [roles, warehouses] = await Promise.all([
    listRoles(database, line.companyId),
    listWarehouses(database, line.companyId),
  ]);
  return (
    <Shell>
      <BackLink href={user.isSuperAdmin ? `/companies/${line.companyId}` : "/users"} text={text} />
      <h1>{line.name}</h1>
      <div className="split">
        <UserForm
          user={line}
          roles={roles.map(({ id, name }) => ({ id, name }))}
          warehouses={warehouses.map(({ id, name }) => ({ id, name }))}
          text={text}
        />
        {user.isSuperAdmin && <ActForm id={line.id} name={line.name} text={text} />}
      </div>
    </Shell>
  );
}
