import Link from "next/link";
import { AddedNotice } from "../../../components/added-notice.tsx";
import { PageFrame } from "../../../components/page-frame.tsx";
import { UsersTable } from "../../../components/users-table.tsx";
import { getOffice } from "../../../lib/office.ts";
import { listUsers } from "../../../lib/users.ts";
import { requirePermission } from "../../../lib/viewer.ts";

export const metadata = { title: "Users" };

export default async function Page({ searchParams }: { searchParams: Promise<{ added?: string }> }) {
  const { company, user, text } = await requirePermission("users.view");
  const users = await listUsers(getOffice().database, company.id);
  const mayEdit = user.permissions.includes("users.edit");
  const added = Number((await searchParams).added);
  return (
    <PageFrame>
      <div className="bar">
        <h1>{text.users}</h1>
        {mayEdit && (
          <Link href="/users/new" prefetch={false} className="button" aria-keyshortcuts="n">
            {text.addUser}
          </Link>
        )}
      </div>
      <AddedNotice name={users.find(({ id }) => id === added)?.name} text={text} />
      <UsersTable users={users} mayEdit={mayEdit} addedId={added} text={text} />
    </PageFrame>
  );
}
