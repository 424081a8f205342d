# Golden values for tests/stats, on data sets that come with R's survival package.
# Run in this folder: Rscript make_golden.R
# Writes lung.csv, veteran.csv, aml.csv, heart.csv (the data as analysed), golden.csv (one value a
# row, 15 significant digits, empty = NA) and sessionInfo.txt.
library(survival)
options(digits = 15, stringsAsFactors = FALSE)
TIGHT <- coxph.control(eps = 1e-11, iter.max = 100)
out <- new.env(); out$rows <- list()
add <- function(case, statistic, value, group = "", variable = "", level = "") {
  value <- as.numeric(value)
  text <- ifelse(is.na(value), "", sprintf("%.15g", value))
  out$rows[[length(out$rows) + 1]] <- data.frame(case = case, group = group, variable = variable,
                                                 level = as.character(level), statistic = statistic, value = text)
}

lung <- survival::lung
lung$event <- lung$status == 2
lung$sex <- factor(lung$sex, 1:2, c("male", "female"))
lung$ecog <- factor(lung$ph.ecog, 0:3)
vet <- survival::veteran
vet$event <- vet$status == 1
vet$trt <- factor(vet$trt, 1:2, c("standard", "test"))
vet$celltype <- factor(vet$celltype, c("squamous", "smallcell", "adeno", "large"))
vet$prior <- factor(vet$prior, c(0, 10), c("no", "yes"))
vet$month <- ceiling(vet$time / 30)
aml <- survival::aml; aml$event <- aml$status == 1; aml$x <- as.character(aml$x)
heart <- survival::heart; heart$transplant <- as.integer(as.character(heart$transplant))
write.csv(lung[c("time", "event", "age", "sex", "ecog", "wt.loss", "ph.karno")], "lung.csv", row.names = FALSE, na = "", quote = FALSE)
write.csv(vet[c("time", "month", "event", "trt", "celltype", "karno", "age", "prior")], "veteran.csv", row.names = FALSE, na = "", quote = FALSE)
write.csv(aml[c("time", "event", "x")], "aml.csv", row.names = FALSE, na = "", quote = FALSE)
write.csv(heart[c("start", "stop", "event", "transplant")], "heart.csv", row.names = FALSE, na = "", quote = FALSE)

# ---- Kaplan-Meier -----------------------------------------------------------------------------
km_case <- function(case, data, groups, times) {
  for (g in unique(groups)) for (type in c("log-log", "log", "plain")) {
    d <- data[groups == g & !is.na(groups), ]
    f <- survfit(Surv(time, event) ~ 1, data = d, conf.type = type)
    s <- summary(f, times = times, extend = TRUE)
    for (i in seq_along(times)) {
      add(case, "survival", s$surv[i], g, type, times[i])
      add(case, "conf_low", s$lower[i], g, type, times[i])
      add(case, "conf_high", s$upper[i], g, type, times[i])
      add(case, "n_risk", s$n.risk[i], g, type, times[i])
    }
    for (p in c(0.25, 0.5, 0.75)) {
      q <- quantile(f, probs = p)
      add(case, "quantile", q$quantile, g, type, p)
      add(case, "quantile_low", q$lower, g, type, p)
      add(case, "quantile_high", q$upper, g, type, p)
    }
    m <- summary(f)$table  # what print(survfit) says; differs where the curve ends at exactly 0.5
    add(case, "median", m["median"], g, type); add(case, "median_low", m["0.95LCL"], g, type)
    add(case, "median_high", m["0.95UCL"], g, type)
    r <- summary(survfit(Surv(time, 1 - event) ~ 1, data = d, conf.type = type))$table[c("median", "0.95LCL", "0.95UCL")]
    r <- list(quantile = r[1], lower = r[2], upper = r[3])
    add(case, "reverse", r$quantile, g, type); add(case, "reverse_low", r$lower, g, type)
    add(case, "reverse_high", r$upper, g, type)
  }
}
km_case("km.lung", lung, as.character(lung$sex), c(0, 100, 180, 365, 700))
km_case("km.aml", aml, aml$x, c(5, 9, 12, 24, 36))
km_case("km.veteran", vet, as.character(vet$celltype), c(30, 90, 180, 365))
edge <- function(name, time, event) km_case(paste0("km.edge.", name), data.frame(time = time, event = event), rep("all", length(time)), c(0.5, 2, 3))
edge("plateau", 1:4, rep(TRUE, 4))
edge("plateau_tail", 1:4, c(TRUE, TRUE, FALSE, FALSE))
edge("none", 1:4, rep(FALSE, 4))
edge("one", 2, TRUE)
edge("one_censored", 2, FALSE)
edge("same_time", rep(2, 5), rep(TRUE, 5))
edge("last_is_event", c(1, 2, 3, 5, 9), c(TRUE, FALSE, TRUE, FALSE, TRUE))
edge("near_ties", c(1, 1 + 1e-12, 2, 3), c(TRUE, TRUE, FALSE, TRUE))
edge("zero", c(0, 1, 2, 3), c(TRUE, TRUE, FALSE, TRUE))

f <- survfit(Surv(start, stop, event) ~ 1, data = heart, subset = transplant == 1, conf.type = "log-log")
for (i in seq_along(f$time)) {
  add("km.entry", "survival", f$surv[i], "", "", f$time[i]); add("km.entry", "n_risk", f$n.risk[i], "", "", f$time[i])
  add("km.entry", "conf_low", f$lower[i], "", "", f$time[i])
}

# ---- log-rank ---------------------------------------------------------------------------------
lr <- function(case, formula, data) {
  s <- survdiff(formula, data = data); df <- sum(s$exp > 0) - 1
  add(case, "chi2", s$chisq); add(case, "df", df); add(case, "p_value", pchisq(s$chisq, df, lower.tail = FALSE))
}
lr("logrank.lung.sex", Surv(time, event) ~ sex, lung)
lr("logrank.lung.ecog", Surv(time, event) ~ ecog, lung)
lr("logrank.veteran.celltype", Surv(time, event) ~ celltype, vet)
lr("logrank.veteran.celltype.month", Surv(month, event) ~ celltype, vet)
lr("logrank.veteran.trt", Surv(time, event) ~ trt, vet)
for (ct in levels(vet$celltype)) lr(paste0("logrank.veteran.trt.", ct), Surv(time, event) ~ trt, vet[vet$celltype == ct, ])

# ---- Cox --------------------------------------------------------------------------------------
cx <- function(case, formula, data) {
  environment(formula) <- environment()  # cox.zph evaluates the call again
  f <- coxph(formula, data = data, ties = "efron", control = TIGHT); ci <- confint(f); s <- summary(f)$coefficients
  for (i in seq_along(coef(f))) {
    v <- names(coef(f))[i]
    add(case, "hazard_ratio", exp(coef(f)[i]), variable = v); add(case, "conf_low", exp(ci[i, 1]), variable = v)
    add(case, "conf_high", exp(ci[i, 2]), variable = v); add(case, "p_value", s[i, "Pr(>|z|)"], variable = v)
  }
  add(case, "loglik", f$loglik[2]); add(case, "loglik_null", f$loglik[1]); add(case, "n", f$n); add(case, "nevent", f$nevent)
  z <- cox.zph(f)
  for (v in rownames(z$table)) for (s in c("chisq", "df", "p")) add(case, paste0("zph_", s), z$table[v, s], variable = v)
  zr <- cox.zph(f, terms = FALSE)
  for (j in colnames(zr$y)) { add(case, "schoenfeld_first", zr$y[1, j], variable = j); add(case, "schoenfeld_sum_squares", sum(zr$y[, j]^2), variable = j) }
}
cx("cox.lung", Surv(time, event) ~ sex + age + ecog + wt.loss, lung)
cx("cox.veteran", Surv(time, event) ~ trt + celltype + karno + age + prior, vet)
cx("cox.veteran.month", Surv(month, event) ~ trt + celltype + karno, vet)
it <- function(case, a, b) {
  s <- anova(a, b); add(case, "chi2", s$Chisq[2]); add(case, "df", s$Df[2]); add(case, "p_value", s[["Pr(>|Chi|)"]][2])
}
v <- vet
it("interaction.veteran", coxph(Surv(time, event) ~ trt + celltype, v, control = TIGHT), coxph(Surv(time, event) ~ trt * celltype, v, control = TIGHT))
it("interaction.lung", coxph(Surv(time, event) ~ sex + ecog, lung, control = TIGHT), coxph(Surv(time, event) ~ sex * ecog, lung, control = TIGHT))
for (ct in levels(vet$celltype)) cx(paste0("cox.veteran.trt.", ct), Surv(time, event) ~ trt, vet[vet$celltype == ct, ])
# nobody with large cells has the event: the likelihood is monotone, its supremum is not
mono <- vet; mono$event[mono$celltype == "large"] <- FALSE
f <- suppressWarnings(coxph(Surv(time, event) ~ trt + celltype, mono, control = TIGHT))
add("monotone.veteran", "loglik", f$loglik[2])
g <- suppressWarnings(coxph(Surv(time, event) ~ trt * celltype, mono, control = TIGHT))
add("monotone.veteran", "loglik_interaction", g$loglik[2])

# ---- proportions, tables, continuous ----------------------------------------------------------
for (xn in list(c(39, 98), c(0, 15), c(15, 15), c(1, 20))) {
  b <- binom.test(xn[1], xn[2]); l <- paste(xn, collapse = "/")
  add("binom", "conf_low", b$conf.int[1], level = l); add("binom", "conf_high", b$conf.int[2], level = l)
}
tables <- list(two_by_two = matrix(c(3, 1, 1, 3), 2), yates = matrix(c(30, 15, 20, 35), 2), two_by_three = matrix(c(8, 2, 5, 5, 1, 9), 2),
               three_by_three = matrix(c(3, 1, 0, 2, 6, 1, 0, 2, 5), 3), two_by_five = matrix(c(12, 9, 3, 8, 20, 11, 1, 4, 0, 2), 2),
               wide = matrix(c(50, 40, 30, 20, 25, 35), 2),
               two_by_six = matrix(c(14, 11, 9, 17, 12, 6, 5, 8, 1, 6, 3, 6), 2),
               three_by_four = matrix(c(9, 4, 2, 6, 8, 3, 1, 5, 7, 0, 2, 8), 3))
for (name in names(tables)) {
  s <- suppressWarnings(chisq.test(tables[[name]], correct = FALSE))
  add("table", "chi2", s$statistic, level = name); add("table", "chi2_p", s$p.value, level = name)
  add("table", "fisher_p", fisher.test(tables[[name]], workspace = 2e7)$p.value, level = name)
}
two <- split(lung$age, lung$sex); e <- split(lung$wt.loss[!is.na(lung$wt.loss)], lung$ecog[!is.na(lung$wt.loss)])
add("continuous", "wilcoxon", suppressWarnings(wilcox.test(age ~ sex, lung))$p.value)
add("continuous", "wilcoxon_exact", wilcox.test(c(1.1, 2.7, 3.2, 4.9, 5.5), c(2.1, 6.3, 7.4, 8.8, 9.9, 10.2))$p.value)
add("continuous", "kruskal", kruskal.test(wt.loss ~ ecog, lung)$p.value)
add("continuous", "t_test", t.test(age ~ sex, lung, var.equal = TRUE)$p.value)
add("continuous", "anova", oneway.test(age ~ ecog, lung[lung$ecog %in% 0:2, ], var.equal = TRUE)$p.value)
for (p in c(0.25, 0.5, 0.75)) add("continuous", "quantile", quantile(lung$wt.loss, p, na.rm = TRUE), level = p)
add("continuous", "sd", sd(lung$wt.loss, na.rm = TRUE))

write.csv(do.call(rbind, out$rows), "golden.csv", row.names = FALSE, quote = FALSE)
info <- capture.output(sessionInfo())
writeLines(info[!grepl("^(BLAS|LAPACK)", info)], "sessionInfo.txt")
