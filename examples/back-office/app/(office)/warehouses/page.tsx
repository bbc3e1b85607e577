import { AddedNotice } from "../../../components/added-notice.tsx";
import { PageFrame } from "../../../components/page-frame.tsx";
import { WarehousesTable } from "../../../components/warehouses-table.tsx";
import { getOffice } from "../../../lib/office.ts";
import { requirePermission } from "../../../lib/viewer.ts";
import { listWarehousesWithTotals } from "../../../lib/warehouses.ts";
import { WarehouseForm } from "./warehouse-form.tsx";

export const metadata = { title: "Warehouses" };

export default async function Page({ searchParams }: { searchParams: Promise<{ added?: string }> }) {
  const { company, text, language } = await requirePermission("warehouses.edit");
  const warehouses = await listWarehousesWithTotals(getOffice().database, company.id);
  const added = Number((await searchParams).added);
  return (
    <PageFrame>
      <h1>{text.warehouses}</h1>
      <AddedNotice name={warehouses.find(({ id }) => id === added)?.name} text={text} />
      <div className="columns">
        <WarehousesTable warehouses={warehouses} addedId={added} text={text} language={language} />
        <WarehouseForm
          key={warehouses.length}
          warehouses={warehouses.map(({ id, name }) => ({ id, name }))}
          submission={crypto.randomUUID()}
          text={text}
        />
      </div>
    </PageFrame>
  );
}
