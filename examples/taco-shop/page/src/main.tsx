import "./styles/base.css";
import "./styles/buttons.css";
import "./styles/notices.css";
import "./styles/front.css";
import "./styles/menu.css";
import "./styles/receipt.css";
import "./styles/placed-order.css";
import "./styles/dialog.css";
import "./styles/form.css";
import "./styles/editor.css";
import "./styles/sharing.css";
import "./styles/account.css";
import "./styles/sessions-dialog.css";
import { SessionProvider } from "coatcheck/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { LanguageProvider } from "./language.tsx";
import { NoticesProvider } from "./notices.tsx";
import { client } from "./session.ts";

const root = document.getElementById("root");
if (!root) throw new Error("index.html must contain an element with the id root.");
createRoot(root).render(
  <StrictMode>
    <SessionProvider client={client}>
      <LanguageProvider>
        <NoticesProvider>
          <App />
        </NoticesProvider>
      </LanguageProvider>
    </SessionProvider>
  </StrictMode>,
);
