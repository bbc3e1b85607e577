import type { Database } from "./database.ts";
import { hashPassword } from "./password.ts";
import { PERMISSIONS, type Permission } from "./permissions.ts";

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

const ROLES: readonly (readonly [name: string, permissions: readonly Permission[]])[] = [
  ["Administrator", PERMISSIONS],
  ["Clerk", ["stock.edit"]],
  ["Auditor", ["users.view"]],
];

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

/** Adds two companies to an empty database. Does nothing if the database already contains companies. */
export async function addDemo(database: Database): Promise<void> {
  if (database.one("SELECT 1 FROM companies LIMIT 1")) return;
  const password = await hashPassword(DEMO_PASSWORD);
  database.transaction(() => {
    // Another process may have added the companies since the check above.
    if (database.one("SELECT 1 FROM companies LIMIT 1")) return;
    for (const company of COMPANIES) addCompany(database, company, password);
    database.run(
      "INSERT INTO users (email, name, password, super_admin) VALUES (?, ?, ?, 1)",
      "root@office.example",
      "Robin Root",
      password,
    );
  });
}

function addCompany(database: Database, company: DemoCompany, password: string): void {
  const { id } = database.run("INSERT INTO companies (name) VALUES (?)", company.name);
  const roles = new Map(
    ROLES.map(([name, permissions]) => {
      const sql = "INSERT INTO roles (company_id, name, permissions) VALUES (?, ?, ?)";
      return [name, database.run(sql, id, name, JSON.stringify(permissions)).id];
    }),
  );
  const warehouses = company.warehouses.map(
    (name) => database.run("INSERT INTO warehouses (company_id, name) VALUES (?, ?)", id, name).id,
  );
  for (const [index, warehouse] of warehouses.entries()) addItems(database, warehouse, index);
  for (const [email, name, role, count] of company.users) {
    const user = database.run(
      "INSERT INTO users (company_id, email, name, password, role_id, warehouse_id) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      email,
      name,
      password,
      roles.get(role) ?? null,
      warehouses[0] ?? null,
    );
    for (const warehouse of warehouses.slice(0, count)) {
      database.run("INSERT INTO user_warehouses (user_id, warehouse_id) VALUES (?, ?)", user.id, warehouse);
    }
  }
}

/** Adds the demo items to a warehouse. `shift` varies the quantities; a few are below their minimum. */
function addItems(database: Database, warehouse: number, shift: number): void {
  for (const [index, [name, usual]] of DEMO_ITEMS.entries()) {
    const factor = ((index * 7 + shift * 5) % 11) / 5;
    database.run(
      "INSERT INTO items (warehouse_id, sku, name, location, quantity, minimum) VALUES (?, ?, ?, ?, ?, ?)",
      warehouse,
      `A-${String(1000 + index * 7)}`,
      name,
      `${"ABCD"[index % 4]}-${String(1 + ((index + shift) % 12)).padStart(2, "0")}`,
      Math.round(usual * factor),
      Math.round(usual * 0.4),
    );
  }
}
