import { AddedNotice } from "../../../components/added-notice.tsx";
import { PageFrame } from "../../../components/page-frame.tsx";
import { getOffice } from "../../../lib/office.ts";
import { PERMISSIONS } from "../../../lib/permissions.ts";
import { listRoles } from "../../../lib/roles.ts";
import { requirePermission } from "../../../lib/viewer.ts";
import { NewRoleForm, RoleForm } from "./role-form.tsx";

export const metadata = { title: "Roles" };

export default async function Page({ searchParams }: { searchParams: Promise<{ added?: string }> }) {
  const { company, text } = await requirePermission("roles.edit");
  const roles = await listRoles(getOffice().database, company.id);
  const added = Number((await searchParams).added);
  return (
    <PageFrame>
      <h1>{text.roles}</h1>
      <p className="hint">{text.permissionHint}</p>
      <AddedNotice name={roles.find(({ id }) => id === added)?.name} text={text} />
      <div className="cards">
        {roles.map((role) => (
          <RoleForm key={role.id} role={role} permissions={PERMISSIONS} text={text} />
        ))}
        <NewRoleForm
          // After a role was added, the changed key makes React show an empty form.
          key={roles.length}
          permissions={PERMISSIONS}
          submission={crypto.randomUUID()}
          text={text}
        />
      </div>
    </PageFrame>
  );
}
