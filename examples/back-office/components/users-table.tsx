import Link from "next/link";
import type { Texts } from "../lib/texts/texts.ts";
import type { ListedUser } from "../lib/users.ts";

interface Props {
  readonly users: readonly ListedUser[];
  /** Whether each name is a link to the user's page. */
  readonly mayEdit: boolean;
  /** The id of the user who was just added. The table highlights this user. */
  readonly addedId?: number;
  readonly text: Texts;
}

/** Shows the users of a company. */
export function UsersTable({ users, mayEdit, addedId, text }: Props) {
  return (
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
            <tr key={id} className={id === addedId ? "added" : undefined}>
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
  );
}
