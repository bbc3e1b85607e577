import { redirect } from "next/navigation";
import { PageFrame } from "../../components/page-frame.tsx";
import { WarehouseSwitch } from "../../components/warehouse-switch.tsx";
import { getOffice } from "../../lib/office.ts";
import { listItems, listMovements, readStockFigures } from "../../lib/stock.ts";
import { getViewer } from "../../lib/viewer.ts";
import { warehouseIds } from "../../lib/warehouse-ids.ts";
import { Movements } from "./movements.tsx";
import { QuantityControl } from "./quantity-control.tsx";
import { StockFilterForm } from "./stock-filter.tsx";

export const metadata = { title: "Stock" };

interface Query {
  readonly w?: string;
  readonly q?: string;
  readonly low?: string;
}

/**
 * Shows the stock of one warehouse. The query parameter `w` selects a warehouse for this tab only. Default: the
 * session's warehouse.
 */
export default async function Page({ searchParams }: { searchParams: Promise<Query> }) {
  const { user, company, current, session, text, language } = await getViewer();
  if (company === null) redirect("/companies");
  const { w, q = "", low } = await searchParams;
  const own = await current.warehouse();
  const warehouse = w ? await current.select("warehouse", w).catch(() => redirect("/")) : own;
  if (warehouse === null) {
    return (
      <PageFrame>
        <p>{text.noItems}</p>
      </PageFrame>
    );
  }
  const { database } = getOffice();
  const filter = { text: q.slice(0, 100), low: low === "1" };
  const [items, figures, movements] = await Promise.all([
    listItems(database, warehouse.id, filter),
    readStockFigures(database, warehouse.id),
    listMovements(database, warehouse.id),
  ]);
  const mayEdit = user.permissions.includes("stock.edit");
  const choices = user.warehouses.map(({ id, name }) => ({ xid: warehouseIds.encode(id), name }));
  return (
    <PageFrame>
      <div className="bar">
        <h1>{warehouse.name}</h1>
        <WarehouseSwitch
          choices={choices}
          selected={warehouseIds.encode(warehouse.id)}
          isOwn={warehouse.id === own?.id}
          hasChoice={typeof session.data.warehouseId !== "undefined"}
          text={text}
        />
      </div>
      <dl className="figures">
        <div>
          <dt>{text.items}</dt>
          <dd>{figures.items.toLocaleString(language)}</dd>
        </div>
        <div>
          <dt>{text.pieces}</dt>
          <dd>{figures.pieces.toLocaleString(language)}</dd>
        </div>
        <div className={figures.low > 0 ? "warn" : undefined}>
          <dt>{text.belowMinimum}</dt>
          <dd>{figures.low.toLocaleString(language)}</dd>
        </div>
      </dl>
      <div className="columns">
        <section aria-label={text.stock}>
          <StockFilterForm w={w} filter={filter} text={text} />
          <div className="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col" className="wide">
                    {text.number}
                  </th>
                  <th scope="col">{text.name}</th>
                  <th scope="col" className="wide">
                    {text.place}
                  </th>
                  <th scope="col" className="number">
                    {text.quantity}
                  </th>
                  <th scope="col" className="number wide">
                    {text.minimum}
                  </th>
                  <th scope="col">{text.status}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((item) => (
                  <tr key={item.id}>
                    <td className="code wide">{item.sku}</td>
                    <th scope="row">
                      {item.name}
                      <small className="narrow">{`${item.sku}, ${item.location}, ≥ ${item.minimum}`}</small>
                    </th>
                    <td className="code wide">{item.location}</td>
                    <td className="number">
                      {mayEdit ? (
                        <QuantityControl id={item.id} name={item.name} quantity={item.quantity} text={text} />
                      ) : (
                        item.quantity
                      )}
                    </td>
                    <td className="number wide">{item.minimum}</td>
                    <td>
                      {item.quantity < item.minimum ? (
                        <span className="tag warn">{text.low}</span>
                      ) : (
                        <span className="tag">{text.ok}</span>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {items.length === 0 && <p className="empty">{text.noItems}</p>}
          </div>
        </section>
        <Movements movements={movements} text={text} language={language} />
      </div>
    </PageFrame>
  );
}
