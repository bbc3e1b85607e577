import { BackLink } from "../../../../components/back-link.tsx";
import { PageFrame } from "../../../../components/page-frame.tsx";
import { requireSuperAdmin } from "../../../../lib/viewer.ts";
import { CompanyForm } from "../company-form.tsx";

export const metadata = { title: "Add a company" };

export default async function Page() {
  const { text } = await requireSuperAdmin();
  return (
    <PageFrame>
      <BackLink href="/companies" text={text} />
      <h1>{text.addCompany}</h1>
      <div className="split">
        <CompanyForm submission={crypto.randomUUID()} text={text} />
      </div>
    </PageFrame>
  );
}
