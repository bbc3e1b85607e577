import { notFound } from "next/navigation";
import { AddedNotice } from "../../../../components/added-notice.tsx";
import { BackLink } from "../../../../components/back-link.tsx";
import { PageFrame } from "../../../../components/page-frame.tsx";
import { UsersTable } from "../../../../components/users-table.tsx";
import { WarehousesTable } from "../../../../components/warehouses-table.tsx";
import { findCompany } from "../../../../lib/companies.ts";
import { getOffice } from "../../../../lib/office.ts";
import { listUsers } from "../../../../lib/users.ts";
import { requireSuperAdmin } from "../../../../lib/viewer.ts";
import { listWarehousesWithTotals } from "../../../../lib/warehouses.ts";
import { CompanySwitch } from "../company-switch.tsx";

export const metadata = { title: "Company" };

interface Props {
  readonly params: Promise<{ id: string }>;
  readonly searchParams: Promise<{ added?: string }>;
}

/** The page of a company with its users and warehouses, for super administrators. */
export default async function Page({ params, searchParams }: Props) {
  const { text, language } = await requireSuperAdmin();
  const { database } = getOffice();
  const { id } = await params;
  const company = /^\d{1,9}$/.test(id) ? await findCompany(database, Number(id)) : null;
  if (company === null) notFound();
  const [users, warehouses] = await Promise.all([
    listUsers(database, company.id),
    listWarehousesWithTotals(database, company.id),
  ]);
  const isNew = (await searchParams).added === id;
  return (
    <PageFrame>
      <BackLink href="/companies" text={text} />
      <div className="bar">
        <h1>{company.name}</h1>
        <CompanySwitch id={company.id} name={company.name} active={company.active} text={text} />
      </div>
      <AddedNotice name={isNew ? company.name : undefined} text={text} />
      <h2>{text.users}</h2>
      <UsersTable users={users} mayEdit text={text} />
      <h2>{text.warehouses}</h2>
      <WarehousesTable warehouses={warehouses} text={text} language={language} />
    </PageFrame>
  );
}
