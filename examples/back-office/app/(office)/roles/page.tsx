import { Shell } from "../../../components/shell.tsx";
import { office } from "../../../lib/office.ts";
import { listRoles } from "../../../lib/people.ts";
import { PERMISSIONS } from "../../../lib/permissions.ts";
import { requirePermission } from "../../../lib/viewer.ts";
import { RoleForm } from "./role-form.tsx";

export const metadata = { title: "Roles" };

export default async function Page() {
  const { company, text } = await requirePermission("roles.edit");
  const roles = listRoles(office().database, company.id);
  return (
    <Shell>
      <h1>{text.roles}</h1>
      <p className="hint">{text.permissionHint}</p>
      <div className="cards">
        {roles.map((role) => (
          <RoleForm key={role.id} role={role} permissions={PERMISSIONS} text={text} />
        ))}
      </div>
    </Shell>
  );
}
