// The page of an error: only the shell around it.

import { mountShell } from "/static/shell.js";

mountShell({ server: "dashboard" });
