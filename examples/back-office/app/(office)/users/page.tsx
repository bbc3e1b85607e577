import Link from "next/link";
import { Added } from "../../../components/added.tsx";
import { Shell } from "../../../components/shell.tsx";
import { UsersTable } from "../../../components/users-table.tsx";
import { office } from "../../../lib/office.ts";
import { listUsers } from "../../../lib/users.ts";
import { requirePermission } from "../../../lib/viewer.ts";

export const metadata = { title: "Users" };

export default async function Page({ searchParams }: { searchParams: Promise<{ added?: string }> }) {
  const { company, user, text } = await requirePermission("users.view");
  const users = await listUsers(office().database, company.id);
  const mayEdit = user.permissions.includes("users.edit");
  const added = Number((await searchParams).added);
  return (
    <Shell>
      <div className="bar">
        <h1>{text.users}</h1>
        {mayEdit && (
          <Link href="/users/new" prefetch={false} className="button" aria-keyshortcuts="n">
            {text.addUser}
          </Link>
        )}
      </div>
      <Added name={users.find(({ id }) => id === added)?.name} text={text} />
      <UsersTable users={users} mayEdit={mayEdit} added={added} text={text} />
    </Shell>
  );
}
