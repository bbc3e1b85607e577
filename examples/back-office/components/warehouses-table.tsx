import type { Language, Texts } from "../lib/texts/texts.ts";
import type { ListedWarehouse } from "../lib/warehouses.ts";

interface Props {
  readonly warehouses: readonly ListedWarehouse[];
  /** The id of the warehouse that was just added. The table highlights this warehouse. */
  readonly addedId?: number;
  readonly text: Texts;
  readonly language: Language;
}

/** Shows the warehouses of a company, sorted by name. */
export function WarehousesTable({ warehouses, addedId, text, language }: Props) {
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{text.name}</th>
            <th scope="col" className="number">
              {text.users}
            </th>
            <th scope="col" className="number">
              {text.items}
            </th>
            <th scope="col" className="number">
              {text.pieces}
            </th>
          </tr>
        </thead>
        <tbody>
          {warehouses.map(({ id, name, users, items, pieces }) => (
            <tr key={id} className={id === addedId ? "added" : undefined}>
              <th scope="row">{name}</th>
              <td className="number">{users.toLocaleString(language)}</td>
              <td className="number">{items.toLocaleString(language)}</td>
              <td className="number">{pieces.toLocaleString(language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
