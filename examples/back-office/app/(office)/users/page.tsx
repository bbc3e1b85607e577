import Link from "next/link";
import { Shell } from "../../../components/shell.tsx";
import { office } from "../../../lib/office.ts";
import { listUsers } from "../../../lib/people.ts";
import { requirePermission } from "../../../lib/viewer.ts";

export const metadata = { title: "Users" };

export default async function Page() {
  const { company, user, text } = await requirePermission("users.view");
  const users = listUsers(office().database, company.id);
  const mayEdit = user.permissions.includes("users.edit");
  return (
    <Shell>
      <h1>{text.users}</h1>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{text.name}</th>
              <th scope="col" className="wide">
                {text.email}
              </th>
              <th scope="col">{text.role}</th>
              <th scope="col" className="number wide">
                {text.warehouses}
              </th>
              <th scope="col">{text.status}</th>
            </tr>
          </thead>
          <tbody>
            {users.map(({ id, name, email, role, warehouseIds, active }) => (
              <tr key={id}>
                <th scope="row">
                  {mayEdit ? (
                    <Link href={`/users/${id}`} prefetch={false}>
                      {name}
                    </Link>
                  ) : (
                    name
                  )}
                  <small className="narrow">{email}</small>
                </th>
                <td className="wide">{email}</td>
                <td>{role}</td>
                <td className="number wide">{warehouseIds.length}</td>
                <td>
                  <span className={active ? "tag" : "tag warn"}>{active ? text.active : text.disabled}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Shell>
  );
}
