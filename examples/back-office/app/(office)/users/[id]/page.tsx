import { notFound } from "next/navigation";
import { BackLink } from "../../../../components/back-link.tsx";
import { PageFrame } from "../../../../components/page-frame.tsx";
import { getOffice } from "../../../../lib/office.ts";
import { listRoles } from "../../../../lib/roles.ts";
import { findListedUser } from "../../../../lib/users.ts";
import { getViewer, requirePermission } from "../../../../lib/viewer.ts";
import { listWarehouses } from "../../../../lib/warehouses.ts";
import { UserForm } from "../user-form.tsx";
import { ActForm } from "./act-form.tsx";

export const metadata = { title: "User" };

/** The page of a user, for the administrators of the user's company and for super administrators. */
export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { user, text } = await getViewer();
  if (!user.isSuperAdmin) await requirePermission("users.edit");
  const { database } = getOffice();
  const { id } = await params;
  const line = /^\d{1,9}$/.test(id) ? await findListedUser(database, Number(id)) : null;
  if (line === null || (!user.isSuperAdmin && line.companyId !== user.companyId)) notFound();
  const [roles, warehouses] = await Promise.all([
    listRoles(database, line.companyId),
    listWarehouses(database, line.companyId),
  ]);
  return (
    <PageFrame>
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
    </PageFrame>
  );
}
