import Link from "next/link";
import { PageFrame } from "../../../components/page-frame.tsx";
import { listCompanies } from "../../../lib/companies.ts";
import { getOffice } from "../../../lib/office.ts";
import { requireSuperAdmin } from "../../../lib/viewer.ts";
import { CompanySwitch } from "./company-switch.tsx";

export const metadata = { title: "Companies" };

export default async function Page() {
  const { text, language } = await requireSuperAdmin();
  const companies = await listCompanies(getOffice().database);
  return (
    <PageFrame>
      <div className="bar">
        <h1>{text.companies}</h1>
        <Link href="/companies/new" prefetch={false} className="button" aria-keyshortcuts="n">
          {text.addCompany}
        </Link>
      </div>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{text.name}</th>
              <th scope="col" className="number">
                {text.users}
              </th>
              <th scope="col" className="number">
                {text.warehouses}
              </th>
              <th scope="col" className="number">
                {text.items}
              </th>
              <th scope="col">{text.status}</th>
            </tr>
          </thead>
          <tbody>
            {companies.map(({ id, name, active, users, warehouses, items }) => (
              <tr key={id}>
                <th scope="row">
                  <Link href={`/companies/${id}`} prefetch={false}>
                    {name}
                  </Link>
                </th>
                <td className="number">{users.toLocaleString(language)}</td>
                <td className="number">{warehouses.toLocaleString(language)}</td>
                <td className="number">{items.toLocaleString(language)}</td>
                <td>
                  <CompanySwitch id={id} name={name} active={active} text={text} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </PageFrame>
  );
}
