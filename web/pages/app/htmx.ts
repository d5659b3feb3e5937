// htmx, for the pages that have parts of their own: nothing but what is set here runs.
import htmx from "htmx.org";

htmx.config.includeIndicatorStyles = false; // no styles within a page
htmx.config.allowEval = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // pages of cases stay in no store of the browser
(window as unknown as { htmx: typeof htmx }).htmx = htmx;
