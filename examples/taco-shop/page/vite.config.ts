import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";

const SHOP = "http://127.0.0.1:3001";

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ["coatcheck-source", ...defaultClientConditions] },
  build: { target: "es2023", modulePreload: { polyfill: false } },
  server: { proxy: { "/api": SHOP } },
});
