import { BackLink } from "../../../../components/back-link.tsx";
import { PageFrame } from "../../../../components/page-frame.tsx";
import { getOffice } from "../../../../lib/office.ts";
import { listRoles } from "../../../../lib/roles.ts";
import { requirePermission } from "../../../../lib/viewer.ts";
import { listWarehouses } from "../../../../lib/warehouses.ts";
import { UserForm } from "../user-form.tsx";

export const metadata = { title: "Add a user" };

export default async function Page() {
  const { company, text, user } = await requirePermission("users.edit");
  const { database } = getOffice();
  const [roles, warehouses] = await Promise.all([
    listRoles(database, company.id),
    listWarehouses(database, company.id),
  ]);
  // The server would reject a role that has a permission which the administrator lacks.
  const fitting = roles.filter((role) => role.permissions.every((each) => user.permissions.includes(each)));
  return (
    <PageFrame>
      <BackLink href="/users" text={text} />
      <h1>{text.addUser}</h1>
      <div className="split">
        <UserForm
          user={null}
          submission={crypto.randomUUID()}
          roles={fitting.map(({ id, name }) => ({ id, name }))}
          warehouses={warehouses.map(({ id, name }) => ({ id, name }))}
          text={text}
        />
      </div>
    </PageFrame>
  );
}
