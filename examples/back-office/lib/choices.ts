export const THEMES = ["system", "light", "dark"] as const;
export const LANGUAGES = ["en", "de"] as const;
