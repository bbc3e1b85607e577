import type { Database, Queries } from "./database/database.ts";
import { hashPassword } from "./password.ts";
import { addInitialRoles } from "./roles.ts";
import { addUser } from "./users.ts";
import { addWarehouse } from "./warehouses.ts";

/** The password of every demo account. */
export const DEMO_PASSWORD = "password123";

/** The accounts that the login page offers. */
export const DEMO_ACCOUNTS = [
  { email: "ada@alpine.example", role: "Administrator, Alpine Supplies" },
  { email: "ben@alpine.example", role: "Clerk, Alpine Supplies" },
  { email: "cleo@alpine.example", role: "Auditor, Alpine Supplies" },
  { email: "hana@harbour.example", role: "Administrator, Harbour Trading" },
  { email: "root@office.example", role: "Super administrator" },
] as const;

interface DemoCompany {
  readonly name: string;
  readonly warehouses: readonly string[];
  readonly users: readonly (readonly [email: string, name: string, role: string, warehouses: number])[];
}

const COMPANIES: readonly DemoCompany[] = [
  {
    name: "Alpine Supplies",
    warehouses: ["Zurich North", "Bern Wankdorf", "Lugano"],
    users: [
      ["ada@alpine.example", "Ada Keller", "Administrator", 3],
      ["ben@alpine.example", "Ben Moser", "Clerk", 2],
      ["cleo@alpine.example", "Cleo Rossi", "Auditor", 3],
    ],
  },
  {
    name: "Harbour Trading",
    warehouses: ["Hamburg Pier 4", "Bremen"],
    users: [
      ["hana@harbour.example", "Hana Petersen", "Administrator", 2],
      ["ole@harbour.example", "Ole Jansen", "Clerk", 1],
    ],
  },
];

const DEMO_ITEMS = [
  ["Anchor bolt M12", 240],
  ["Cable tie 300 mm", 1500],
  ["Carton 40 × 30 × 20", 600],
  ["Cordless drill", 18],
  ["Dust mask FFP2", 900],
  ["Epoxy resin 1 kg", 42],
  ["Extension lead 25 m", 30],
  ["Fire blanket", 24],
  ["Gaffer tape 50 mm", 180],
  ["Hard hat, white", 75],
  ["Hex key set", 64],
  ["Hydraulic oil 5 l", 48],
  ["Label roll 100 × 50", 320],
  ["LED work light", 36],
  ["Packing foam 2 m", 150],
  ["Pallet jack wheel", 22],
  ["Safety gloves, L", 410],
  ["Sanding disc P120", 700],
  ["Stretch film 500 mm", 260],
  ["Wall plug 8 mm", 2000],
] as const;

/**
 * Adds two companies to an empty database. Does nothing if the database already contains companies.
 *
 * @param hash returns the hash of the password of every account.
 */
export async function addDemo(
  database: Database,
  hash: () => Promise<string> = () => hashPassword(DEMO_PASSWORD),
): Promise<void> {
  if (await database.one("SELECT 1 FROM companies LIMIT 1")) return;
  const password = await hash();
  await database.transaction(async (queries) => {
    for (const company of COMPANIES) {
      // If several processes start with an empty database, one of them inserts this row. The others wait here, and then
      // find the company.
      const sql = "INSERT INTO companies (name) VALUES (?) ON CONFLICT DO NOTHING";
      const id = await queries.insert(sql, company.name);
      if (id === null) return;
      await fill(queries, id, company, password);
    }
    const sql = "INSERT INTO users (email, name, password, super_admin) VALUES (?, ?, ?, 1)";
    await queries.run(sql, "root@office.example", "Robin Root", password);
  });
}

async function fill(queries: Queries, id: number, company: DemoCompany, password: string): Promise<void> {
  const roles = await addInitialRoles(queries, id);
  const warehouses: number[] = [];
  for (const [index, name] of company.warehouses.entries()) {
    const warehouse = await addWarehouse(queries, id, { name, copyItemsFrom: null });
    warehouses.push(warehouse);
    await addItems(queries, warehouse, index);
  }
  for (const [email, name, role, count] of company.users) {
    const allowed = warehouses.slice(0, count);
    const content = {
      name,
      email,
      roleId: roles.get(role) ?? 0,
      warehouseId: allowed[0] ?? 0,
      warehouseIds: allowed,
    };
    await addUser(queries, { company: id, permissions: null }, content, password);
  }
}

/** Adds the demo items to a warehouse. `shift` varies the quantities; a few are below their minimum. */
async function addItems(queries: Queries, warehouse: number, variation: number): Promise<void> {
  for (const [index, [name, usual]] of DEMO_ITEMS.entries()) {
    const factor = ((index * 7 + variation * 5) % 11) / 5;
    await queries.run(
      "INSERT INTO items (warehouse_id, sku, name, location, quantity, minimum) VALUES (?, ?, ?, ?, ?, ?)",
      warehouse,
      `A-${String(1000 + index * 7)}`,
      name,
      `${"ABCD"[index % 4]}-${String(1 + ((index + variation) % 12)).padStart(2, "0")}`,
      Math.round(usual * factor),
      Math.round(usual * 0.4),
    );
  }
}
